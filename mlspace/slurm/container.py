"""Names of container images, as MLSpace, Pyxis and Shifter write them."""

from __future__ import annotations

FILE_SUFFIXES = (".sqsh", ".squashfs", ".sif")


def image(text: str) -> str:
    """The image as a registry knows it: "cr.example/a/b:1" of Pyxis's "docker://cr.example#a/b:1" and Shifter's "docker:a/b:1"."""
    name = text
    for prefix in ("docker://", "dockerd://", "podman://", "docker:"):
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    return name if is_file(name) else name.replace("#", "/", 1)


def is_name(image: str) -> bool:
    """Whether it can be one in a registry. Source: the reference grammar of OCI's distribution, loosely."""
    import re

    return not is_file(image) and re.fullmatch(r"[A-Za-z0-9][\w.:/@-]*", image, re.ASCII) is not None


def is_file(image: str) -> bool:
    """Whether it is a file of an image, which Pyxis takes, and not a name in a registry."""
    return image.startswith(("/", "./", "../", "~")) or image.endswith(FILE_SUFFIXES)
