"""What a figure was measured on."""

import datetime
import math
import os
import platform
import re


def describe():
    """One line: processor, cores, memory, system, date."""
    flags = cpu_info("flags").split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} cores of {cpu_info('model name') or platform.machine()} ({vectors}), "
        f"{memory:.0f} GiB, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def cpu_info(key):
    return _find("/proc/cpuinfo", rf"^{key}\s*: (.*)$")


def available_bytes():
    """Memory that can be used without anything else giving way; inf where nothing says."""
    return int(_find("/proc/meminfo", r"^MemAvailable: *(\d+) kB$") or 0) * 1024 or math.inf


def _find(path, pattern):
    try:
        with open(path, encoding="utf-8") as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
    except OSError:
        return ""
    return found[1].strip() if found else ""


def today():
    return datetime.date.today().isoformat()


def load():
    """Programs that want to run, on average over the last minute; the run itself is one."""
    return os.getloadavg()[0]
