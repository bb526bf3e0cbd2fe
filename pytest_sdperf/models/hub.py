"""Download a model from the Hugging Face hub; runs in a worker process."""

from __future__ import annotations

from typing import Any

from pytest_sdperf.errors import ModelError
from pytest_sdperf.models.configurations import INDEX
from pytest_sdperf.models.families import FAMILIES
from pytest_sdperf.models.families.family import Family


def _patterns(family: Family) -> list[str]:
    configurations = [f"{component.name}/*.json" for component in family.components]
    configurations += [f"{component}/*.json" for component in family.optional]
    vocabularies = [f"{tokenizer}/*.txt" for tokenizer in family.tokenizers]
    stems = [f"{component}/{stem}" for component, stem in family.weights.items()]
    return [*configurations, *vocabularies, *(f"{s}{end}" for s in stems for end in (".safetensors", "-*.safetensors"))]


ALLOWED = (INDEX, *dict.fromkeys(pattern for family in FAMILIES for pattern in _patterns(family)))
"""Patterns of what is downloaded: configurations, vocabularies, plain safetensors. No pickles, no code, no variants."""

IGNORED = ("*.fp16*", "*.non_ema*")
"""Variants, whose shards and indexes the patterns above would let in."""


def download(repo_id: str, revision: str | None = None) -> dict[str, Any]:
    """Fetch what is not yet in Hugging Face's own cache; ``{"path": the snapshot's folder}``.

    Raises ModelError where the repository cannot be found, entered or reached.
    """
    from huggingface_hub import errors, snapshot_download

    name = f"{repo_id}@{revision}" if revision else repo_id
    try:
        path = snapshot_download(
            repo_id, revision=revision, allow_patterns=list(ALLOWED), ignore_patterns=list(IGNORED)
        )
    except errors.GatedRepoError:
        raise ModelError(
            f"hub model {name!r} is gated", cure="Accept its terms on huggingface.co and log in with `hf auth login`."
        ) from None
    except errors.RevisionNotFoundError:
        raise ModelError(
            f"hub model {repo_id!r} has no revision {revision!r}", cure="Name a branch, a tag or a commit that exists."
        ) from None
    except errors.RepositoryNotFoundError:
        raise ModelError(
            f"hub model {name!r} does not exist or is private",
            cure="Check its spelling (or that of a folder you meant), or log in with `hf auth login`.",
        ) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise ModelError(
            f"hub model {name!r} is not in the cache and the hub cannot be reached ({_first_line(error)})",
            cure="Connect to the network, or use a folder or bundled.",
        ) from None
    except Exception as error:  # noqa: BLE001 - the HTTP library's errors too, and which library differs by version
        raise ModelError(
            f"hub model {name!r} cannot be downloaded ({_first_line(error)})",
            cure="Check network and disk space and try again.",
        ) from None
    return {"path": str(path)}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
