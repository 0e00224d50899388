"""How long a kept conditioning takes from the hub's cache to tensors: the engine's result in.

The whole way that a drawing takes when its prompt was personalised before: an embedded Valkey, the
hub's own cache, one safetensors file with the plain and the personalised conditioning.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

import django
import torch

from generation.personalisation import Personalised
from generation.prompt_embeds import PromptEmbeds
from generation.text_encoders import TextEncoders

READS = 50


def milliseconds_from_cache(result: Personalised) -> float:
    """Return the median time of a read of one prompt's conditioning, in milliseconds."""
    from hub.embedded.valkey import start_valkey

    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        os.environ |= {"HUB_VAR": folder, "SECRET_KEY": "of a benchmark, of no worth to anyone"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "hub.settings"
        django.setup()
        server = start_valkey(Path(folder).resolve())
        try:
            return _measured(result)
        finally:
            server.stop()


def _measured(result: Personalised) -> float:
    # Django has to be set up before.
    from generation.conditionings import Conditioning
    from generation.keeping import keep, kept

    agreement = result.agreement[0].tolist()
    drift = float(result.drift[0])
    plain, changed = PromptEmbeds(result.plain[:1]), PromptEmbeds(result.conditioning[:1])
    made = Conditioning(plain, changed, agreement, drift, len(agreement) - 1, TextEncoders.ONE)
    keep("bench", made.to_file(), 60)
    times = []
    for _ in range(READS):
        start = time.perf_counter()
        found = Conditioning.from_file(kept("bench"), torch.device("cpu"))
        times.append(time.perf_counter() - start)
    if not torch.equal(found.personalised.hidden, made.personalised.hidden):
        raise RuntimeError("The cache gave back another conditioning than it was given.")
    return 1000 * statistics.median(times)
