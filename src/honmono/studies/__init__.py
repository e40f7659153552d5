"""What did the article find? A study trains the recipes of an article's experiment and compares them."""

from honmono.studies.study import Case as Case
from honmono.studies.study import Moments as Moments
from honmono.studies.study import Study as Study
from honmono.studies.study import Trace as Trace
