"""What a module of another package failed of, in one sentence."""

from __future__ import annotations

from hybrid_plugin.errors import did_you_mean

_VECTOR = "jdk.incubator.vector"


class ModuleError(Exception):
    """A module that ran with this plugin active has failed, as the sentence says; its own error is the cause."""


def reason_of(module: str, error: Exception) -> str:
    """The commonest failures in words that say what to do, others by their first line."""
    said = str(getattr(error, "innermessage", None) or error)  # of an exception in Java, without its trace
    line = said.strip().partition("\n")[0]
    if _VECTOR in said or _VECTOR.replace(".", "/") in said:
        return (
            f"{module} needs the Java module {_VECTOR}, which this Java lacks; install a whole JDK of version 21 or "
            "above and name it in JAVA_HOME (hybrid-ir doctor shows which Java is used)"
        )
    if isinstance(error, OSError) and error.filename is not None:
        missing = isinstance(error, FileNotFoundError)
        what = f"there is no '{error.filename}'" if missing else f"'{error.filename}': {error.strerror}"
        return f"{module}: {what}"
    if isinstance(error, FileNotFoundError):
        return f"{module}: {line}"
    if "NoSuchFileException" in said or "FileNotFoundException" in said:
        return f"{module}: there is no '{line.partition(': ')[2] or line}'"
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return f"{module} needs the package '{package}', which is not installed; run: pip install {package}"
    if module.startswith("ir_datasets") and isinstance(error, KeyError) and error.args:
        import ir_datasets

        name = str(error.args[0])
        return f"{module}: there is no id '{name}'{did_you_mean(name, ir_datasets.registry)}"
    if line.endswith("Not Found") or "does not exist" in line or "Invalid collection path" in line:
        return f"{module}: {line.rpartition('Exception: ')[2]}"
    return f"{module} failed: {type(error).__name__}: {line} (HYBRID_IR_DEBUG=1 shows where)"
