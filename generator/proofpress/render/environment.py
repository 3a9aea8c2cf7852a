"""The Jinja environment that documents and pages share: views are dictionaries, undefined names are errors."""

from typing import Any

from jinja2 import Environment, Undefined


class ViewEnvironment(Environment):
    """`row.value` looks into a dictionary first: views are dictionaries, and a miss there costs an exception."""

    def getattr(self, obj: Any, attribute: str) -> Any | Undefined:
        """The item of a dictionary, else the attribute."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)
