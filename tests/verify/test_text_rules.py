"""What the rules over text find, what they leave alone, and that a hostile line can't hold them up."""

import pytest

from pack_builder import EVAL, PackBuilder
from proofpress.evidence.policy import Policy, PrivacyPolicy
from proofpress.verify.phrases import tells_nothing

PRIVATE = {
    "PRV001": [
        "/home/someone/x",
        "/Users/someone/x",
        "/root/.cache/x",
        "~/data/x",
        "/tmp/run-1/x",  # noqa: S108 - what must be found
        "/var/folders/ab/x",
        "/scratch/someone/x",
        "file:///srv/x",
        "C:\\Users\\someone\\x",
        "D:/results/x",
        "/data/someone/x",
        "/gpfs/project/x",
        "/lustre/project/x",
        "/cluster/home/x",
        "/kaggle/input/x",
        "/content/drive/MyDrive/x",
        "/workspaces/repo/x",
        "/github/workspace/x",
        "//home/someone/x",
        "%2Fhome%2Fsomeone",
        "\\\\server\\share",
        "\\\\\\\\server\\\\share",
    ],
    "PRV002": [
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "glpat-" + "a1B2" * 5,
        "hf_" + "a1B2" * 8,
        "AKIA" + "ABCD" * 4,
        "sk-" + "a1B2" * 8,
        "xoxb-" + "1234567890-ab",
        "AIza" + "a1B2C" * 7,
        "eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-DEF_123",
        "-----BEGIN RSA PRIVATE KEY-----",
        "https://name:secret@host/x",
        "s3://name:secret@bucket/x",
        "Bearer a1B2c3D4e5F6g7H8i9",
        "AWS_SECRET_ACCESS_KEY=" + "a1B2/" * 8,
        'aws_secret_access_key": "' + "a1B2/" * 8,
    ],
    "PRV003": ["someone@example.org", "some.one+tag@mail.example.co"],
    "PRV004": ["10.0.0.7", "192.168.1.20", "172.16.0.1", "127.0.0.1", "gpu7.cluster.internal", "localhost:8080"],
}
HARMLESS = [
    "see https://example.org/page and /data/x",
    "accuracy@test",
    "version 10.0.0",
    "1.10.0.0.7",
    "172.32.0.1",
    "8.8.8.8",
    "a locality, an internal matter",
    "sk-learn",
    "https://example.org/data/set/x and s3://bucket/data/set/x",
    "the set/data/part/x, or data/part/x",
    "a ratio a:b, at 10:/5",
    "\\alpha\\beta and \\\\alpha\\\\beta and \\\\d\\n",
    "100%2Fhalf",
    "the bearer of this authentication-mechanism",
    "AWS_SECRET_ACCESS_KEY=$SECRET",
    "s3://bucket/key:1@2",
    "ratio ~0.5",
    "pkg@1.2.3",
]


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in PRIVATE.items() for text in texts])
def test_private_text_is_found_wherever_it_stands(rule: str, text: str, pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", f"first line\nbefore {text} after\n").reseal(documents=False)
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.file, finding.pointer) == (rule, "attachments/notes.txt", "line 2")
    if rule == "PRV002" and "BEGIN" not in text:
        assert text not in f"{finding.message} {finding.found}", "a report must not publish the secret"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_text_is_left_alone(text: str, pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", f"{text}\n").reseal(documents=False)
    assert pack.verify().findings == ()


def test_policy_allows_exact_texts(pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", "team@example.org and other@example.org\n").reseal(documents=False)
    policy = Policy(schema_version="1.0.0", privacy=PrivacyPolicy(allow=("team@example.org",)))
    (finding,) = pack.verify(policy=policy).findings
    assert finding.found == "other@example.org"


def test_lines_are_numbered_within_their_file(pack: PackBuilder) -> None:
    for name in ("attachments/a.txt", "attachments/b.txt"):
        pack.write(name, "x@example.org\n\nplain\ny@example.org z@example.org\n")
    found = [(item.file, item.pointer, item.found) for item in pack.reseal(documents=False).verify().findings]
    assert found == [
        (name, line, f"{who}@example.org")
        for name in ("attachments/a.txt", "attachments/b.txt")
        for line, who in (("line 1", "x"), ("line 4", "y"), ("line 4", "z"))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "a" * 200_000 + " @ ://",
        "a." * 100_000 + ".local",
        "<todo " * 40_000,
        "@a" * 100_000,
        "a://" * 50_000,
        "1.1.1.1." * 60_000,
        " " * 200_000 + "todo",
        "~/" * 100_000,
        "-----BEGIN " * 50_000,
        "\\n" * 100_000 + "@",
    ],
    ids=lambda line: line[:12],
)
def test_hostile_line_comes_to_an_end(line: str, pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", line + "\n").reseal(documents=False)
    assert pack.verify().passed  # a pattern that tries every way would not come to an end


def test_many_suspicious_lines_come_to_an_end(pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", "a @ b\n" * 100_000).reseal(documents=False)
    assert pack.verify().findings == ()


def test_hostile_value_is_rendered(pack: PackBuilder) -> None:
    pack.corrupt("model/model_package.json", "/parameters", {"x": " " * 1_000_000 + "\u0007", "\t" * 100_000: "y"})
    assert pack.reseal().verify().passed


# ── claims ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sentence",
    [
        "It reached 0.75 of them.",
        "It reached 75.0 % and 75%.",
        "It gained +0.25, a quarter.",
        "Half of 0.5 stays 0.5.",
        "The interval is 0.30 to 0.95.",
        "Release v0.93.1 and file a-0.93.txt say nothing.",
        "There were 4 numbers and 9 others.",
    ],
)
def test_measured_number_resolves(sentence: str, pack: PackBuilder) -> None:
    assert pack.corrupt(EVAL, "/conclusions/-", sentence).reseal().verify().findings == ()


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("It reached 0.76 of them.", "CLM002"),
        ("It reached 76 %.", "CLM002"),
        ("It reached 7.5e-2.", "CLM002"),
        ("It reached 0.7500000000000000000000000000000001.", "CLM002"),
        ("It lost -0.75.", "CLM002"),
        ("It was shown 1,234 numbers.", "CLM003"),
    ],
)
def test_number_that_was_never_measured(sentence: str, rule: str, pack: PackBuilder) -> None:
    (finding,) = pack.corrupt(EVAL, "/conclusions/-", sentence).reseal().verify().findings
    assert (finding.rule, finding.pointer) == (rule, "/conclusions/1")


@pytest.mark.parametrize("text", ["none", "N/A.", "No limitations!", "–", "too short"])
def test_empty_phrases(text: str, pack: PackBuilder) -> None:
    (finding,) = pack.corrupt(EVAL, "/limitations/-", text).reseal().verify().findings
    assert (finding.rule, finding.pointer) == ("NEG001", "/limitations/1")


@pytest.mark.parametrize(
    "text",
    [
        *("There were none.", "No known limitations here", "None at this time", "Nothing to report!", "n/a for now"),
        *("…", "3.", "To be confirmed.", "Work in progress", "No negative results were found so far"),
    ],
)
def test_phrases_that_tell_nothing(text: str) -> None:
    assert tells_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Nothing was tried on rotated images.", "No claim is made about other hospitals.", "Not a medical device."),
        *("It was never tried on negative numbers.", "The number of tokens.", "Unknown words are left out."),
        *("None of the clinics took part.", "No energy was measured.", "It has to be confirmed by a doctor."),
    ],
)
def test_denials_that_tell_something(text: str) -> None:
    assert not tells_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "TODO",
        "to be determined",
        "lorem ipsum dolor",
        "XXXX",
        "see <your name here>",
        "???",
        "FIXME later",
        "t.b.d.",
        "To be filled in",
    ],
)
def test_placeholders(text: str, pack: PackBuilder) -> None:
    pack.write("attachments/notes.txt", f"fine\n{text}\n").reseal(documents=False)
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.file, finding.pointer) == ("TXT001", "attachments/notes.txt", "line 2")


# ── files that are streamed, not held ────────────────────────────────────────────────────────────────

FILLER = b"a line of a log without anything of note\n" * 40_000


@pytest.mark.parametrize("rule", sorted(PRIVATE))
def test_private_text_is_found_in_a_streamed_file(rule: str, pack: PackBuilder) -> None:
    data = FILLER + PRIVATE[rule][0].encode() + b"\nend\n" + FILLER
    pack.write("attachments/logs/run.log", data).reseal(documents=False)
    (finding,) = pack.verify().findings
    assert (finding.rule, finding.file, finding.pointer) == (rule, "attachments/logs/run.log", "line 40001")


def test_last_line_without_line_feed_is_searched(pack: PackBuilder) -> None:
    pack.write("attachments/logs/run.log", FILLER + b"someone@example.org").reseal(documents=False)
    assert [(item.rule, item.pointer) for item in pack.verify().findings] == [("PRV003", "line 40001")]


def test_streamed_rows_are_searched_behind_escapes(pack: PackBuilder) -> None:
    rows = b"".join(b'{"key": "%07d", "note": "plain"}\n' % number for number in range(60_000))
    rows += b'{"key": "a", "note": "\\u002fhome\\u002fsomeone\\u002fx"}\n'
    pack.write("attachments/logs/rows.jsonl", rows).reseal(documents=False)
    assert [(item.rule, item.pointer) for item in pack.verify().findings] == [("PRV001", "line 60001")]


def test_streamed_binary_is_no_text(pack: PackBuilder) -> None:
    pack.write("attachments/logs/large.gguf", b"GGUF\0" + b"someone@example.org\n" * 80_000).reseal(documents=False)
    assert pack.verify().findings == ()


def test_too_many_suspect_lines_are_refused(pack: PackBuilder) -> None:
    pack.write("attachments/logs/run.log", b"someone@example.org was here, and again, and again\n" * 200_000)
    pack.reseal(documents=False)
    assert ("ING005", "attachments/logs/run.log") in [(item.rule, item.file) for item in pack.verify().findings]


@pytest.mark.parametrize("text", ["\\x2fhome\\x2fsomeone\\x2fx", "\\u002fhome\\U0000002fsomeone", "\\/home\\/someone"])
def test_yaml_is_searched_behind_escapes(text: str, pack: PackBuilder) -> None:
    pack.write("attachments/notes.yaml", f'note: "{text}"\n').reseal(documents=False)
    assert [(item.rule, item.file, item.pointer) for item in pack.verify().findings] == [
        ("PRV001", "attachments/notes.yaml", "line 1")
    ]
