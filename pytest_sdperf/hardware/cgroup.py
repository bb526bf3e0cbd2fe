"""Limits that cgroups (v1 and v2) put on this process: CPU time and memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class _Mount:
    """One cgroup file system, as /proc/self/mountinfo describes it."""

    version: int
    controllers: frozenset[str]
    root: PurePosixPath
    "the cgroup that is seen at the mount point: not `/` in a container without a cgroup namespace"
    point: str


def cpu_quota(root: Path = Path("/")) -> float | None:
    """CPUs' worth of time this process may use (1.5: one and a half), None where nothing limits it.

    The smallest quota between the process's own cgroup and the top counts. ``root`` is where `/proc`
    and the cgroup file systems are looked for.
    """
    return min((quota for quota, _ in _quotas(root)), default=None)


def throttled_s(root: Path = Path("/")) -> float | None:
    """Time that quotas have kept threads of this process's cgroups from running so far, s; None without a quota.

    Summed over CPUs: two threads that stand still for a second are two seconds. Of several quotas, one within the
    other, the one that took most counts.
    """
    found: list[float] = []
    for _, folder in _quotas(root):
        # v2 counts microseconds, v1 nanoseconds
        counts = re.findall(r"^throttled_(usec|time) (\d+)$", _read(folder / "cpu.stat"), re.MULTILINE)
        found += [int(count) / (1e6 if unit == "usec" else 1e9) for unit, count in counts]
    return max(found, default=None)


def _quotas(root: Path) -> Iterator[tuple[float, Path]]:
    """(CPUs' worth, folder) of every cgroup above this process that has a quota."""
    for version, folder in _folders(root, "cpu"):
        if version == 2:
            words = _read(folder / "cpu.max").split()
        else:
            words = [_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")]
        if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]) > 0:
            yield int(words[0]) / int(words[1]), folder


def memory_limit(root: Path = Path("/")) -> int | None:
    """Bytes of memory this process's cgroups allow, None where nothing limits it."""
    return min((limit for limit, _ in _memory(root)), default=None)


def memory_left(root: Path = Path("/")) -> int | None:
    """Bytes that can still be allocated before a cgroup's limit is hit, None where nothing limits it.

    Inactive page cache does not count as used, as in Kubernetes' working set: it goes when memory is short.
    """
    return min((max(0, limit - used) for limit, used in _memory(root)), default=None)


def _memory(root: Path) -> Iterator[tuple[int, int]]:
    """(limit, used) in bytes of every cgroup above this process that has a limit."""
    for version, folder in _folders(root, "memory"):
        limit = _read(folder / ("memory.max" if version == 2 else "memory.limit_in_bytes"))
        # v1 has no word for "no limit": it shows the largest page-aligned 63-bit number
        if not limit.isdecimal() or int(limit) >= 1 << 62:
            continue
        used = _read(folder / ("memory.current" if version == 2 else "memory.usage_in_bytes"))
        name = "inactive_file" if version == 2 else "total_inactive_file"
        cache = re.search(rf"^{name} (\d+)$", _read(folder / "memory.stat"), re.MULTILINE)
        yield int(limit), (int(used) if used.isdecimal() else 0) - (int(cache[1]) if cache else 0)


def _folders(root: Path, controller: str) -> Iterator[tuple[int, Path]]:
    """(version, folder) of this process's cgroup and of all its ancestors that can be seen."""
    mounts = list(_mounts(root))
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        version = 2 if number == "0" and not names else 1
        if version == 1 and controller not in names.split(","):
            continue
        for mount in mounts:
            if mount.version != version or (version == 1 and controller not in mount.controllers):
                continue
            own = PurePosixPath(path)
            inside = own.relative_to(mount.root) if own.is_relative_to(mount.root) else PurePosixPath()
            top = root / mount.point.lstrip("/")
            parts = [part for part in inside.parts if part != ".."]
            for depth in range(len(parts), -1, -1):
                yield version, top.joinpath(*parts[:depth])


def _mounts(root: Path) -> Iterator[_Mount]:
    for line in _read(root / "proc/self/mountinfo").splitlines():
        # 31 23 0:28 /root /mount/point rw,relatime shared:9 - cgroup2 cgroup2 rw,memory
        before, dash, after = line.partition(" - ")
        left, right = before.split(), after.split()
        if dash and len(left) >= 5 and right and right[0] in ("cgroup", "cgroup2"):
            yield _Mount(
                version=2 if right[0] == "cgroup2" else 1,
                controllers=frozenset(right[-1].split(",")),
                root=PurePosixPath(_unescape(left[3])),
                point=_unescape(left[4]),
            )


def _unescape(text: str) -> str:
    """Turn the octal numbers back that the kernel writes for blanks in paths."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _read(path: Path) -> str:
    """The file's text without surrounding blanks; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
