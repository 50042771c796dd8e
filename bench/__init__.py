"""Speed and memory of our models beside timm's, on this machine: `make bench`."""
