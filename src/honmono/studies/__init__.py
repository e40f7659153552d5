"""What did the article find? Studies: recipes that are trained to be compared."""

from honmono.studies.study import Case as Case
from honmono.studies.study import Study as Study
from honmono.studies.study import Trace as Trace
