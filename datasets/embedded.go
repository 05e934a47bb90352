package datasets

import (
	"context"
	"embed"
	"io/fs"
	"slices"

	"padlab/core/images"
)

//go:embed fashion-mnist photos CREDITS.tsv
var embedded embed.FS

// fashion is the embedded set without its pixels.
var fashion = images.Set{
	Name:    "fashion-mnist",
	Title:   "Fashion-MNIST (6,000 of 70,000)",
	Licence: "MIT © 2017 Zalando SE",
	Source:  "https://github.com/zalandoresearch/fashion-mnist (Debian dataset-fashion-mnist 0.0~git20200523.55506a9-1)",
	Classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
}

const aboutFashion = "Photographs of clothes in a shop's catalogue, grey on black, in ten classes. " +
	"Embedded are the first 500 training and the first 100 test images of each class."

func openEmbedded(ctx context.Context) (*images.Set, error) {
	files, err := fs.Sub(embedded, "fashion-mnist")
	if err != nil {
		return nil, err
	}
	set := fashion
	set.Classes = slices.Clone(fashion.Classes)
	if err := fill(&set, folderOf(ctx, files, "fashion-mnist")); err != nil {
		return nil, err
	}
	return &set, nil
}
