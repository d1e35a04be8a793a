"""All cases of the catalogue, in the order of the page."""

# isort: off
import language_cases  # noqa: F401
import types_cases  # noqa: F401
import launch_cases  # noqa: F401
import running_cases  # noqa: F401
