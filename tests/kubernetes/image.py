#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""image.py OUT.tar NAME:TAG ENTRYPOINT [SOURCE=PATH | @PATH=TARGET]…: an image of one layer, as an
archive that container runtimes import: files and folders (/ is one), and links with @. The same in,
the same out."""

import hashlib
import io
import json
import os
import platform
import stat
import sys
import tarfile


class Layer:
    def __init__(self):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=tarfile.GNU_FORMAT)
        self.folders = set()

    def put(self, path, mode=0o755, data=None, kind=None, target=""):
        info = tarfile.TarInfo(path)
        info.mode, info.linkname, info.type = mode, target, kind or tarfile.REGTYPE
        info.size = len(data or b"")
        self.tar.addfile(info, io.BytesIO(data or b""))

    def above(self, path):
        parts = path.split("/")
        for n in range(1, len(parts)):
            folder = "/".join(parts[:n])
            if folder and folder not in self.folders:
                self.folders.add(folder)
                self.put(folder, kind=tarfile.DIRTYPE)

    def add(self, source, path):
        if os.path.isdir(source):
            self.above(path + "/")
            for name in sorted(os.listdir(source)):
                self.add(os.path.join(source, name), (path + "/" + name).lstrip("/"))
            return
        self.above(path)
        with open(source, "rb") as file:
            self.put(path, stat.S_IMODE(os.stat(source).st_mode) | 0o444, file.read())

    def link(self, path, target):
        self.above(path)
        self.put(path, kind=tarfile.SYMTYPE, target=target)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def main(out, name, entrypoint, *words):
    layer = Layer()
    for word in words:
        source, path = word.split("=", 1)
        if source.startswith("@"):
            layer.link(source[1:].strip("/"), path)
        else:
            layer.add(source, path.strip("/"))
    layer.tar.close()
    data = layer.bytes.getvalue()
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    config = json.dumps({
        "architecture": machine, "os": "linux",
        "config": {"Env": ["PATH=/usr/bin:/bin"], "Entrypoint": [entrypoint]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(data)]},
    }).encode()
    manifest = [{"Config": sha(config) + ".json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(out, "w") as tar:
        for path, content in ((sha(config) + ".json", config), ("layer.tar", data), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(path)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


main(*sys.argv[1:])
