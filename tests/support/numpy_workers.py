"""A pipeline in plain numpy, in a project folder of its own, and ways to start workers for it."""

import os
import textwrap

import pytest

from pytest_sdperf.launch.launcher import launch
from pytest_sdperf.launch.settings import resolve_launch
from pytest_sdperf.variant import Case, Launch, Variant
from pytest_sdperf.workload import Workload

PIPELINES = textwrap.dedent(
    '''
    import ctypes, os, signal, sys, tempfile, threading, time
    import numpy as np

    class Ship:
        """Draws its latents, brighter with each step."""
        scale = 1.0

        def sdperf_stages(self):
            return {"text_encoder": (self, "encode"), "unet": (self, "denoise"), "vae_decode": (self, "decode")}

        def sdperf_facts(self):
            return {"paint": "numpy"}

        def encode(self, prompt):
            return sum(map(ord, prompt)) / 1000

        def denoise(self, latents, text):
            return latents * 0.9 + text

        def decode(self, latents, height, width):
            grown = np.kron(latents[0, :3], np.ones((8, 8), np.float32)).transpose(1, 2, 0)
            return (1 / (1 + np.exp(-grown)))[None] * self.scale

        def __call__(self, *, prompt, num_inference_steps, guidance_scale, height, width, latents, **kwargs):
            text = self.encode(prompt)
            for _ in range(num_inference_steps):
                latents = self.denoise(latents, text)
            return self.decode(np.asarray(latents), height, width)

    def build(context):
        with context.phase("load"):
            pass
        return Ship()

    def prepare(context):
        with context.phase("export"):
            (context.cache_dir / "exported").write_text(context.model_digest)

    def noisy(context):
        print("python says ahoy")
        os.write(1, b"the hull says ahoy\\n")
        return Ship()

    def raising(context):
        raise ValueError("the mast\\nbroke")

    def exiting(context):
        sys.exit(3)

    def leaving(context):
        os._exit(7)

    def nothing(context):
        return None

    def killed(context):
        os.kill(os.getpid(), signal.SIGKILL)

    def crashing(context):
        ctypes.string_at(0)

    def hanging(context):
        print("becalmed", flush=True)
        threading.Event().wait()

    def closing(context):
        os.closerange(3, 64)
        threading.Event().wait()

    def leave_behind(pid_file, detached):
        """Fork a process that lives until it is killed; like every fork it holds the worker's pipes open."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            if detached:
                os.setsid()
            os.write(write, b"x")
            while True:
                signal.pause()
        os.read(read, 1)
        with open(pid_file, "w") as file:
            file.write(str(child))

    def leave_behind_and_die(pid_file):
        leave_behind(pid_file, False)
        os.kill(os.getpid(), signal.SIGKILL)

    def add(a, b):
        return a + b

    def temporary_folder():
        return tempfile.gettempdir()

    def not_json():
        return object()

    def meet(reads, writes, reads_first):
        """Opening a named pipe waits for its other end."""
        if reads_first:
            with open(reads) as pipe:
                said = pipe.read()
            with open(writes, "w") as pipe:
                pipe.write(said)
        else:
            with open(writes, "w") as pipe:
                pipe.write("ahoy")
            with open(reads) as pipe:
                said = pipe.read()
        return said

    def burn(seconds):
        """Compute for so long on this process's own count, in a thread that ends."""
        end = time.process_time() + seconds
        def compute():
            while time.process_time() < end:
                pass
        thread = threading.Thread(target=compute)
        thread.start()
        thread.join()
        while os.path.exists(f"/proc/self/task/{thread.native_id}"):
            os.sched_yield()  # the system's thread ends just after Python's

    def child_burns(seconds):
        """The same in a child that lives until it is killed."""
        read, write = os.pipe()
        if os.fork() == 0:
            burn(seconds)
            os.write(write, b"x")
            while True:
                signal.pause()
        os.read(read, 1)

    def daemon_burns(seconds):
        """The same in a grandchild of a session of its own, whose parents have ended."""
        read, write = os.pipe()
        if (child := os.fork()) == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            burn(seconds)
            os.write(write, b"x")
            while True:
                signal.pause()
        os.waitpid(child, 0)
        os.read(read, 1)

    def child_burns_and_ends(seconds):
        if (child := os.fork()) == 0:
            burn(seconds)
            os._exit(0)
        os.waitpid(child, 0)

    def look():
        return {
            "cpus": sorted(os.sched_getaffinity(0)),
            "env": dict(os.environ),
            "group": os.getpgrp() == os.getpid(),
            "inheritable": [fd for fd in range(3, 32) if inherits(fd)],
        }

    def inherits(fd):
        try:
            return os.get_inheritable(fd)
        except OSError:
            return False
    '''
)


@pytest.fixture
def numpy_project(tmp_path):
    """A folder with the module `harbour`, importable in a worker that is told of it."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "harbour.py").write_text(PIPELINES)
    return folder


@pytest.fixture
def start(numpy_project, tmp_path):
    """Start a real worker; called like `launcher.Launcher`, and as `start()` alone."""

    def start(settings=None, *, log_path=None, timeout_s=60.0):
        resolved = resolve_launch(
            settings or Launch(),
            base_env=os.environ,
            cpus=[min(os.sched_getaffinity(0))],
            find_library=lambda name: None,
        )
        log_path = log_path or tmp_path / "worker.log"
        return launch(resolved, timeout_s=timeout_s, log_path=log_path, extra_sys_path=[numpy_project])

    return start


@pytest.fixture
def make_case():
    """A case of one of the functions in `harbour`, at 16x24 pixels and 3 steps unless told."""

    def make_case(factory="build", *, prepare="", sizes=((16, 24),), prompts=("a ship",), launch=None):
        return Case(
            variant=Variant(
                name="ship",
                factory=f"harbour:{factory}",
                prepare=f"harbour:{prepare}" if prepare else "",
                launch=launch or Launch(),
                params={"sails": 3, "mast": 1.5, "flag": True, "name": "Rembrandt"},
                needs_model=False,
            ),
            workload=Workload(prompts=prompts, num_inference_steps=3, sizes=sizes),
            model="synthetic:tiny",
        )

    return make_case
