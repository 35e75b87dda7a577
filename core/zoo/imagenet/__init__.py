"""Networks with ImageNet weights that can be had as packages, and students distilled from them."""
