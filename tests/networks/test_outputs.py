import torch

from honmono.networks.outputs import with_label, with_label_maps


def test_labels_stand_one_hot_behind_what_they_are_of():
    label = torch.tensor([2, 0])
    assert with_label(torch.full((2, 1), 7.0), label, 3).tolist() == [[7, 0, 0, 1], [7, 1, 0, 0]]
    maps = with_label_maps(torch.full((2, 1, 4, 5), 7.0), label, 3)
    assert maps.shape == (2, 4, 4, 5)
    assert maps.mean(dim=(2, 3)).tolist() == [[7, 0, 0, 1], [7, 1, 0, 0]]
    assert maps.std(dim=(2, 3)).max() == 0


def test_without_classes_nothing_is_added():
    latent, picture = torch.randn(2, 3), torch.randn(2, 1, 4, 4)
    assert with_label(latent, None, 0) is latent and with_label_maps(picture, None, 0) is picture
