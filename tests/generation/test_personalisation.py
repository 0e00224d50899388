"""Personalisation against a dense, naive version written only for these tests, on real weights."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from generation import personalisation
from generation.diffusion import Models
from generation.low_rank import memory_of
from generation.personalisation import (
    PersonalisationRefused,
    Recipe,
    personalise,
)
from generation.text_towers import TextTower
from registry.encoder import Encoder
from tests.generation.engine import (
    ONE_WORD,
    PROMPTS,
    REPEATED,
    UNNORMED,
    assert_same,
    direction,
    naively,
)

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def text_encoder(models: Models) -> CLIPTextModelWithProjection:
    return models.text_encoder


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("adam", steps=6, rate=1e-4),
        Recipe("ascent", steps=6, rate=0.02),
        Recipe("ascent", steps=40, rate=0.003),  # more rows than a layer keeps before their sum
        Recipe("adam", steps=6, rate=1e-4, anchor=1.0),
        Recipe("ascent", steps=6, rate=0.02, anchor=0.5),
        Recipe("adam", steps=6, rate=1e-4, clip_skip=2),
        Recipe("ascent", steps=6, rate=0.02, clip_skip=3),
        Recipe("adam", steps=6, rate=1e-4, reads=UNNORMED),
        Recipe("ascent", steps=6, rate=0.02, reads=UNNORMED, clip_skip=2),
    ],
    ids=[
        *("adam", "ascent", "ascent-long", "adam-anchored", "ascent-anchored"),
        *("adam-skip", "ascent-skip", "adam-unnormed", "ascent-unnormed"),
    ],
)
def test_it_does_what_the_naive_version_does(models: Models, prompt: str, recipe: Recipe) -> None:
    input_ids = models.tokenize(prompt).ids
    result = personalise(models.text_encoder, input_ids, direction(), recipe)
    assert_same(result, *naively(models.text_encoder, input_ids, direction(), recipe))


def test_the_agreement_rises_towards_any_direction(models: Models) -> None:
    input_ids = models.tokenize("a castle under the moon").ids
    for seed in range(3):
        result = personalise(models.text_encoder, input_ids, direction(seed), Recipe())
        trace = result.agreement[0]
        assert trace.shape == (11,)
        assert bool((trace.diff() > 0).all())
        assert result.drift[0] > 0.05


def test_an_anchor_keeps_the_prompt_nearer_to_itself(models: Models) -> None:
    input_ids = models.tokenize("a castle under the moon").ids
    own = models.text_encoder(input_ids=input_ids).text_embeds[0]
    kept = []
    for anchor in (0.0, 1.0, 4.0):
        recipe = Recipe(steps=10, anchor=anchor)
        hidden = personalise(models.text_encoder, input_ids, direction(), recipe).conditioning
        end = int((input_ids[0] == models.text_encoder.config.eos_token_id).int().argmax())
        feature = models.text_encoder.text_projection(hidden[0, end])
        kept.append(cosine_similarity(feature, own, dim=0).item())
    assert kept[0] < kept[1] < kept[2]


def test_the_length_of_the_aesthetic_does_not_matter(models: Models) -> None:
    input_ids = models.tokenize(ONE_WORD).ids
    unit = personalise(models.text_encoder, input_ids, direction(), Recipe(steps=3))
    longer = personalise(models.text_encoder, input_ids, 16 * direction(), Recipe(steps=3))
    assert torch.equal(unit.conditioning, longer.conditioning)


@pytest.mark.parametrize(
    "recipe",
    [Recipe(steps=3, weight=0.9), Recipe("ascent", steps=3, rate=0.02, weight=0.9, anchor=0.5)],
)
def test_each_prompt_of_a_batch_is_personalised_as_if_alone(models: Models, recipe: Recipe) -> None:
    input_ids = torch.cat([models.tokenize(prompt).ids for prompt in PROMPTS])
    aesthetics = torch.stack([direction(seed) for seed in range(3)])
    together = personalise(models.text_encoder, input_ids, aesthetics, recipe)
    assert together.conditioning.shape == (3, 77, models.text_encoder.config.hidden_size)
    assert together.agreement.shape == (3, 4)
    assert together.drift.shape == (3,)
    for row in range(3):
        alone = personalise(models.text_encoder, input_ids[row : row + 1], aesthetics[row], recipe)
        # A batch rounds its sums in another order than a single prompt.
        torch.testing.assert_close(
            together.conditioning[row], alone.conditioning[0], rtol=1e-4, atol=2e-4
        )
        assert (together.agreement[row] - alone.agreement[0]).abs().max() < 1e-5
        assert together.drift[row].item() == pytest.approx(alone.drift.item(), rel=1e-4)


def test_the_memory_of_an_ascent_has_an_end(text_encoder: CLIPTextModelWithProjection) -> None:
    tower = TextTower(text_encoder)
    assert memory_of(tower, 5, 10) == 5 * memory_of(tower, 1, 10)
    assert memory_of(tower, 40, 77) == memory_of(tower, 400, 77)


def test_prompts_that_keep_too_much_together_climb_one_after_the_other(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    input_ids = torch.cat([models.tokenize(prompt).ids for prompt in PROMPTS])
    recipe = Recipe("ascent", steps=3, rate=0.02)
    tower, done = TextTower(models.text_encoder), list[int]()
    monkeypatch.setattr(personalisation, "LARGEST_MEMORY", 2 * memory_of(tower, 3, 77) - 1)
    each = personalise(models.text_encoder, input_ids, direction(), recipe, done.append)
    assert done == list(range(1, 10))
    for row in range(3):
        alone = personalise(models.text_encoder, input_ids[row : row + 1], direction(), recipe)
        torch.testing.assert_close(each.conditioning[row], alone.conditioning[0])


@pytest.mark.parametrize("recipe", [Recipe(steps=4), Recipe("ascent", steps=4, rate=0.02)])
def test_one_prompt_leaves_nothing_behind_for_the_next(models: Models, recipe: Recipe) -> None:
    first, second = models.tokenize(ONE_WORD).ids, models.tokenize(REPEATED).ids
    expected = personalise(models.text_encoder, first, direction(), recipe)
    personalise(models.text_encoder, second, direction(1), replace(recipe, rate=10 * recipe.rate))
    again = personalise(models.text_encoder, first, direction(), recipe)
    assert torch.equal(expected.conditioning, again.conditioning)
    assert torch.equal(expected.agreement, again.agreement)


def test_one_aesthetic_serves_all_prompts_of_a_batch(models: Models) -> None:
    input_ids = torch.cat([models.tokenize(prompt).ids for prompt in (ONE_WORD, REPEATED)])
    one = personalise(models.text_encoder, input_ids, direction(), Recipe(steps=2))
    both = torch.stack([direction(), direction()])
    each = personalise(models.text_encoder, input_ids, both, Recipe(steps=2))
    assert torch.equal(one.conditioning, each.conditioning)


def test_the_encoder_is_left_as_it_was_bit_for_bit(
    models: Models, text_encoder: CLIPTextModelWithProjection
) -> None:
    before = {name: value.clone() for name, value in text_encoder.state_dict().items()}
    weights = dict(text_encoder.named_parameters())
    states = torch.random.get_rng_state()
    personalise(text_encoder, models.tokenize(REPEATED).ids, direction(), Recipe(rate=1e-3))
    after = text_encoder.state_dict()
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert value.numpy().tobytes() == after[name].numpy().tobytes(), name
    assert all(weights[name] is weight for name, weight in text_encoder.named_parameters())
    assert all(weight.grad is None for weight in weights.values())
    assert not any(weight.requires_grad for weight in weights.values())
    assert torch.equal(states, torch.random.get_rng_state())


@pytest.mark.parametrize("recipe", [Recipe(steps=0), Recipe(weight=0), Recipe(steps=0, weight=0.3)])
def test_no_steps_and_no_weight_leave_the_plain_conditioning(
    models: Models, recipe: Recipe
) -> None:
    input_ids = models.tokenize(REPEATED).ids
    result = personalise(models.text_encoder, input_ids, direction(), recipe)
    assert torch.equal(result.conditioning, models.read(input_ids))
    assert torch.equal(result.plain, models.read(input_ids))
    assert result.drift.tolist() == [0.0]
    assert result.agreement.shape == (1, recipe.steps + 1)


def test_a_clip_skip_changes_what_is_read_and_not_what_is_climbed(models: Models) -> None:
    input_ids = models.tokenize(REPEATED).ids
    last = personalise(models.text_encoder, input_ids, direction(), Recipe(steps=3))
    before = personalise(models.text_encoder, input_ids, direction(), Recipe(steps=3, clip_skip=2))
    assert torch.equal(last.agreement, before.agreement)
    assert torch.equal(before.plain, models.read(input_ids, clip_skip=2))
    assert not torch.allclose(before.plain, last.plain, atol=0.1)


def test_reading_another_layer_without_the_norm_leaves_what_is_climbed(models: Models) -> None:
    input_ids = models.tokenize(REPEATED).ids
    for recipe in (Recipe(steps=3, rate=1e-4), Recipe("ascent", steps=3, rate=0.02)):
        last = personalise(models.text_encoder, input_ids, direction(), recipe)
        other = replace(recipe, reads=UNNORMED)
        raw = personalise(models.text_encoder, input_ids, direction(), other)
        assert torch.equal(last.agreement, raw.agreement)
        assert float(raw.drift) > 0


def test_a_clip_skip_beyond_the_first_layer_is_refused(models: Models) -> None:
    layers = models.text_encoder.config.num_hidden_layers
    deepest = Recipe(steps=1, clip_skip=layers)
    input_ids = models.tokenize(ONE_WORD).ids
    assert personalise(models.text_encoder, input_ids, direction(), deepest).drift[0] > 0
    beyond = Recipe(steps=1, clip_skip=layers + 1)
    with pytest.raises(PersonalisationRefused, match=f"layer {layers + 1} from.*{layers} layers"):
        personalise(models.text_encoder, input_ids, direction(), beyond)


def test_the_weight_mixes_plain_and_personalised(models: Models) -> None:
    input_ids = models.tokenize(ONE_WORD).ids
    plain = models.read(input_ids)
    whole = personalise(models.text_encoder, input_ids, direction(), Recipe(weight=1))
    part = personalise(models.text_encoder, input_ids, direction(), Recipe(weight=0.7))
    expected = 0.3 * plain + 0.7 * whole.conditioning
    torch.testing.assert_close(part.conditioning, expected, rtol=1e-5, atol=1e-5)
    assert part.drift.item() == pytest.approx(0.7 * whole.drift.item(), rel=1e-4)
    drift = (whole.conditioning - plain).norm() / plain.norm()
    assert whole.drift.item() == pytest.approx(drift.item())
    assert torch.equal(part.agreement, whole.agreement)


def test_what_was_there_before_the_first_step_is_the_cosine_of_prompt_and_aesthetic(
    models: Models, encoder: Encoder
) -> None:
    feature = encoder.encode_words([REPEATED])[0]
    cosine = float(feature @ direction().numpy() / np.linalg.norm(feature))
    result = personalise(
        models.text_encoder, models.tokenize(REPEATED).ids, direction(), Recipe(steps=0)
    )
    assert result.agreement[0, 0].item() == pytest.approx(cosine, abs=1e-6)


def test_it_works_where_gradients_are_switched_off(models: Models) -> None:
    expected = personalise(
        models.text_encoder, models.tokenize(ONE_WORD).ids, direction(), Recipe()
    )
    with torch.inference_mode():
        result = personalise(
            models.text_encoder, models.tokenize(ONE_WORD).ids, direction(), Recipe()
        )
    assert torch.equal(result.conditioning, expected.conditioning)


def test_gradients_of_a_half_precision_encoder_are_full(models: Models) -> None:
    half = copy.deepcopy(models.text_encoder).half()
    input_ids = models.tokenize(ONE_WORD).ids
    result = personalise(half, input_ids, direction(), Recipe())
    assert result.conditioning.dtype == torch.float32
    assert_same(result, *naively(half.float(), input_ids, direction(), Recipe()))


def test_the_number_of_steps_done_is_reported_over_the_whole_batch(models: Models) -> None:
    input_ids = torch.cat([models.tokenize(prompt).ids for prompt in (ONE_WORD, REPEATED)])
    done: list[int] = []
    personalise(models.text_encoder, input_ids, direction(), Recipe(steps=3), done.append)
    assert done == [1, 2, 3, 4, 5, 6]


def test_an_exception_from_on_step_stops_it(models: Models) -> None:
    before = models.condition(ONE_WORD).hidden

    def stop(step: int) -> None:
        if step == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        personalise(
            models.text_encoder, models.tokenize(ONE_WORD).ids, direction(), Recipe(), on_step=stop
        )
    assert torch.equal(models.condition(ONE_WORD).hidden, before)


@pytest.mark.parametrize("end", [2, 30])
def test_old_and_new_checkpoints_are_read_at_the_first_end_of_text(end: int) -> None:
    """Old configurations name the end 2, and mean the highest id; the padding is the end too."""
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=31, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=12, projection_dim=768,
        bos_token_id=29, eos_token_id=end, pad_token_id=30,
    )  # fmt: skip
    encoder = CLIPTextModelWithProjection(config).eval()
    ids = torch.tensor([[29, 4, 5, 30, 30, 30, 30, 30, 30, 30, 30, 30]])
    result = personalise(encoder, ids, direction(), Recipe(steps=0))
    feature = encoder.text_projection(encoder(input_ids=ids).last_hidden_state[0, 3])
    cosine = cosine_similarity(feature, direction(), dim=0)
    assert result.agreement[0, 0].item() == pytest.approx(cosine.item(), abs=1e-6)


def test_a_prompt_without_an_end_of_text_is_refused(models: Models) -> None:
    end = models.text_encoder.config.eos_token_id
    endless = torch.full((2, 77), 320)
    endless[0, 5] = end
    with pytest.raises(PersonalisationRefused, match=f"Prompt 1 has no end-of-text token {end}"):
        personalise(models.text_encoder, endless, direction(), Recipe())


@pytest.mark.parametrize("shape", [(512,), (3, 768), (1, 1, 768)])
def test_an_aesthetic_of_another_shape_is_refused(models: Models, shape: tuple[int, ...]) -> None:
    with pytest.raises(PersonalisationRefused, match=r"need \[768\] or \[1, 768\]") as caught:
        personalise(models.text_encoder, models.tokenize(ONE_WORD).ids, torch.ones(shape), Recipe())
    assert caught.value.code == "wrong-shape"


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_an_aesthetic_that_points_nowhere_is_refused(models: Models, value: float) -> None:
    aesthetic = torch.full((768,), value)
    with pytest.raises(PersonalisationRefused, match="points nowhere"):
        personalise(models.text_encoder, models.tokenize(ONE_WORD).ids, aesthetic, Recipe())


def test_a_rate_that_breaks_the_encoder_is_refused(models: Models) -> None:
    with pytest.raises(PersonalisationRefused, match="lower the rate") as caught:
        personalise(
            models.text_encoder, models.tokenize(ONE_WORD).ids, direction(), Recipe(rate=1e30)
        )
    assert caught.value.code == "diverged"


@pytest.mark.parametrize(
    ("values", "code", "sentence"),
    [
        ({"optimiser": "lion"}, "unknown-optimiser", "no optimiser 'lion'; there are adam, ascent"),
        ({"steps": -1}, "steps-out-of-range", "can't have -1 steps"),
        ({"rate": 0.0}, "rate-out-of-range", "rate can't be 0.0; it must be above 0"),
        ({"rate": float("nan")}, "rate-out-of-range", "rate can't be nan"),
        ({"weight": 1.1}, "weight-out-of-range", "weight can't be 1.1; use 0 to 1"),
        ({"weight": float("nan")}, "weight-out-of-range", "weight can't be nan"),
        ({"anchor": -0.5}, "anchor-out-of-range", "anchor can't be -0.5; use 0 or more"),
        ({"anchor": float("inf")}, "anchor-out-of-range", "anchor can't be inf"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(
    values: dict[str, float], code: str, sentence: str
) -> None:
    with pytest.raises(PersonalisationRefused, match=sentence) as caught:
        Recipe(**values)  # type: ignore[arg-type]
    assert caught.value.code == code


# Not one layer and Adam: weights that hardly matter have gradients of rounding errors, and under
# Adam these move as far as any other.
@pytest.mark.parametrize(
    ("recipe", "layers"),
    [(Recipe("adam", 4, 1e-3), 2), (Recipe("ascent", 4, 0.5), 1), (Recipe("ascent", 4, 0.5), 3)],
    ids=["adam", "ascent-one-layer", "ascent"],
)
@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_text_towers_of_other_shapes_are_climbed_as_the_naive_version_climbs_them(
    recipe: Recipe, activation: str, layers: int
) -> None:
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=31, hidden_size=24, intermediate_size=40, num_hidden_layers=layers,
        num_attention_heads=3, max_position_embeddings=12, projection_dim=768,
        hidden_act=activation, layer_norm_eps=1e-3, initializer_factor=4.0,
        bos_token_id=29, eos_token_id=30, pad_token_id=30,
    )  # fmt: skip
    encoder = CLIPTextModelWithProjection(config).eval()
    for name, weight in encoder.named_parameters():
        if weight.ndim == 1:  # Gains of 1 and biases of 0 would hide what is done with them.
            torch.nn.init.normal_(weight, mean=float("norm" in name and "weight" in name), std=0.3)
    ids = torch.tensor([[29, 4, 5, 4, 7, 30, 30, 30, 30, 30, 30, 30]])
    result = personalise(encoder, ids, direction(), recipe)
    assert result.agreement[0, -1] > result.agreement[0, 0] + 0.01
    assert_same(result, *naively(encoder, ids, direction(), recipe))


@pytest.mark.parametrize("recipe", [Recipe(), Recipe("ascent", rate=0.01)])
def test_an_encoder_with_layers_of_another_kind_is_not_climbed_silently(
    models: Models, recipe: Recipe
) -> None:
    odd = copy.deepcopy(models.text_encoder)
    odd.text_model.final_layer_norm = torch.nn.RMSNorm(odd.config.hidden_size)
    with pytest.raises(TypeError, match="final_layer_norm is a RMSNorm"):
        personalise(odd, models.tokenize(ONE_WORD).ids, direction(), recipe)


def test_an_encoder_that_was_used_before_is_as_right_with_more_threads() -> None:
    """Its matrices have been cut for one thread; they are large enough to be cut otherwise."""
    torch.manual_seed(0)
    config = CLIPTextConfig(
        vocab_size=64, hidden_size=768, intermediate_size=768, num_hidden_layers=1,
        num_attention_heads=12, projection_dim=48, bos_token_id=62, eos_token_id=63,
    )  # fmt: skip
    encoder = CLIPTextModelWithProjection(config).eval()
    asked = torch.tensor([[62, 5, 7, 63, 63]]), torch.randn(48), Recipe("adam", steps=2, rate=1e-3)
    alone = personalise(encoder, *asked)
    torch.set_num_threads(4)
    together = personalise(encoder, *asked)
    torch.testing.assert_close(together.conditioning, alone.conditioning)
