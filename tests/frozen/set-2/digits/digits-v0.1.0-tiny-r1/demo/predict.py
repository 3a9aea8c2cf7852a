import json
import pathlib
import sys

source, answers = map(pathlib.Path, sys.argv[1:])
numbers = [json.loads(line)["number"] for line in source.read_text().splitlines()]
found = ["odd" if number % 2 else "even" for number in numbers]
answers.write_text("".join(json.dumps({"parity": word}) + "\n" for word in found))
print("\n".join(found))
