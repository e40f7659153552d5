"""Updates of some terms of a loss: which terms there are, and optimizers adapted to updates in every n-th step only."""

from functools import partial

from honmono.errors import Refused, did_you_mean
from honmono.objectives.base import ADVERSARIAL, PlayerName
from honmono.recipe.updates import Simultaneous, Update, every_update
from honmono.recipe.value import Recipe


def adapted_optimizer(recipe: Recipe, player: PlayerName) -> partial:
    """A player's optimizer, unbuilt. Adam's constants are adapted to lazy updates; other optimizers keep theirs.

    With c the share of updates that are not lazy, the learning rate becomes c * lr and each beta becomes beta ** c: all
    updates together move and forget as much as the others alone would have. With one lazy update in n steps c is
    n / (n + 1), as in StyleGAN2 (Karras et al., 2019, arXiv:1912.04958, appendix B).
    """
    optimizer, share = recipe.optimizers.of(player), share_not_lazy(recipe.updates, player)
    if share == 1 or "betas" not in optimizer.keywords:
        return optimizer
    rate, betas = optimizer.keywords["lr"], optimizer.keywords["betas"]
    changed = {"lr": share * rate, "betas": tuple(beta**share for beta in betas)}
    return partial(optimizer.func, *optimizer.args, **{**optimizer.keywords, **changed})


def share_not_lazy(updates: tuple[Update | Simultaneous, ...], player: PlayerName) -> float:
    """The share of a player's optimizer steps that are not those of lazy updates alone; 1 where it has no others."""
    ordinary = lazy = 0.0
    for entry in updates:
        own = [update for update in every_update((entry,)) if update.player == player]
        rate = max((update.rate for update in own), default=0.0)  # simultaneous updates are one optimizer step
        if own and all(update.lazy for update in own):
            lazy += rate
        else:
            ordinary += rate
    return ordinary / (ordinary + lazy) if ordinary else 1.0


def check_terms(recipe: Recipe) -> None:
    """Raises `Refused` where updates name terms that the objective does not have, or compute a term twice or never."""
    optional, name = recipe.objective.optional_terms(), type(recipe.objective).__name__
    updates = every_update(recipe.updates)
    for player in recipe.networks:
        own = [update for update in updates if update.player == player]
        if all(update.terms is None for update in own):
            continue
        if player not in optional:
            raise Refused(f"updates: {name} computes the {player}'s loss as a whole: remove terms from its updates")
        known = (*ADVERSARIAL, *optional[player])
        for term in (term for update in own for term in update.terms or ()):
            if term not in known:
                raise Refused(
                    f"updates: the {player}'s loss of {name} has no term '{term}'{did_you_mean(term, known)} (terms:"
                    f" {', '.join(known)}): correct the update's terms, or remove the update"
                )
        for term in known:
            computing = [update for update in own if update.terms is None or term in update.terms]
            if len(computing) > 1 and any(update.lazy for update in computing):
                raise Refused(f"updates: '{term}' is in a lazy update and in another one of the {player}: name it once")
            if not computing and term in optional[player]:
                raise Refused(
                    f"updates: no update of the {player} computes '{term}': add it to an update's terms, or remove it"
                )
