"""A device that fails: what its worker says, and when it ends."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from registry.devices import on_device
from registry.leases import JobFailed

ROOT = Path(__file__).parents[2]
FAILING = """
import atexit, django, sys, torch
django.setup()
from registry.devices import on_device
atexit.register(print, "asked the device again")
try:
    with on_device():
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
except BaseException:
    print("went on")
"""


def test_memory_that_ends_fails_the_job_in_words() -> None:
    with pytest.raises(JobFailed, match="memory of this worker's device is"), on_device():
        raise torch.OutOfMemoryError


def test_a_process_whose_device_has_failed_ends_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", FAILING], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (70, "")  # EX_SOFTWARE of sysexits
    assert "has failed, so this process ends." in ended.stderr
    assert "an illegal memory access was encountered" in ended.stderr
