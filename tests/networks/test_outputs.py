import torch

from honmono.networks.outputs import with_label


def test_labels_stand_one_hot_behind_what_they_are_of():
    label = torch.tensor([2, 0])
    assert with_label(torch.full((2, 1), 7.0), label, 3).tolist() == [[7, 0, 0, 1], [7, 1, 0, 0]]


def test_without_classes_nothing_is_added():
    latent = torch.randn(2, 3)
    assert with_label(latent, None, 0) is latent
