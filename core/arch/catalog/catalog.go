// Package catalog lists the networks that have a name: what stands in an
// experiment, a form or a page of help, without how they are built. It exists
// apart from arch so that whoever only names a network does not link the engine.
package catalog

import "padlab/core/names"

// An Entry is what is known of a network by its name.
type Entry struct {
	Name  string
	About string // one line that lists its layers, or says whose it is
	Input Input
}

// An Input says which pictures a network was made for: square ones of Side
// pixels; where they are Normalized, with the mean and deviation of ImageNet's
// pictures.
type Input struct {
	Side       int
	Normalized bool
}

var (
	imageNet = Input{224, true}
	cifar10  = Input{32, true}
	little   = Input{32, false}
)

var entries = []Entry{
	// convolutions and pools, one behind the other
	{"small", "conv 16, pool, conv 32, pool, conv 32, conv 64, global average pool, linear", little},
	{"small_bn", "small with batch norm", little},
	{"nearest", "conv 16, pool, conv 32, each with batch norm, global average pool, linear: sees 8 pixels", little},
	{"near", "conv 16, pool, conv 32, pool, conv 64, each with batch norm, global average pool, linear: sees 18 pixels", little},
	{"vgg5", "conv 32, pool, conv 64, pool, conv 128, pool, conv 256, global average pool, linear", little},
	{"vgg5_bn", "vgg5 with batch norm: VGG5 of Islam et al. 2021", little},
	{"vgg5-mini", "vgg5 with batch norm and a quarter of its later filters: conv 16, 32, 64, 64", little},
	{"S", "reference network S: conv 16, 32, pool, conv 32, 64, global average pool, linear", little},
	{"M", "reference network M: conv 32, 32, pool, conv 64, 64, pool, conv 128, 128, global average pool, linear", little},

	// Simonyan and Zisserman 2015
	{"vgg11", "VGG-11, torchvision's", imageNet},
	{"vgg11_bn", "VGG-11, torchvision's, with batch norm", imageNet},
	{"vgg13", "VGG-13, torchvision's", imageNet},
	{"vgg13_bn", "VGG-13, torchvision's, with batch norm", imageNet},
	{"vgg16", "VGG-16, torchvision's", imageNet},
	{"vgg16_bn", "VGG-16, torchvision's, with batch norm", imageNet},
	{"vgg19", "VGG-19, torchvision's", imageNet},
	{"vgg19_bn", "VGG-19, torchvision's, with batch norm", imageNet},

	// He et al. 2016, and what Islam et al. made of them
	{"L", "reference network L, ResNet-18 for small pictures: 3×3 conv 64, two blocks each of 64, 128, 256, 512, global average pool, linear", little},
	{"resnet18", "ResNet-18, torchvision's", imageNet},
	{"resnet34", "ResNet-34, torchvision's", imageNet},
	{"resnet50", "ResNet-50, torchvision's", imageNet},
	{"resnet101", "ResNet-101, torchvision's", imageNet},
	{"resnet152", "ResNet-152, torchvision's", imageNet},
	{"resnet18-canvas", "ResNet-18 of Islam et al. 2021: as torchvision's, without max-pool", imageNet},
	{"gapnet", "resnet18-canvas, a 3×3 conv to the classes, global average pool (Islam et al., ICCV 2021)", imageNet},
	{"permutenet", "resnet18-canvas, its pooled channels in a new order at every pass, linear (Islam et al., ICCV 2021)", imageNet},
	{"resnet20", "ResNet-20 for CIFAR: 16, 32, 64 filters, shortcuts without weights (option A)", cifar10},
	{"resnet32", "ResNet-32 for CIFAR", cifar10},
	{"resnet44", "ResNet-44 for CIFAR", cifar10},
	{"resnet56", "ResNet-56 for CIFAR", cifar10},

	// Iandola et al. 2016
	{"squeezenet1_0", "SqueezeNet 1.0, torchvision's", imageNet},
	{"squeezenet1_1", "SqueezeNet 1.1, torchvision's", imageNet},

	// Brendel and Bethge 2019
	{"bagnet9", "BagNet-9: ResNet-50 whose outputs see 9 pixels; published without padding", imageNet},
	{"bagnet17", "BagNet-17: ResNet-50 whose outputs see 17 pixels; published without padding", imageNet},
	{"bagnet33", "BagNet-33: ResNet-50 whose outputs see 33 pixels; published without padding", imageNet},

	// Kayhan and van Gemert 2020, and no network
	{"rook", "one 5×5 filter, global max-pool, linear", little},
	{"red-green", "3×3 conv 32, then 32, 64, 64 with stride 2, global max-pool, linear", little},
	{"raw", "no network: the picture as it is, global average pool, linear", little},
}

// Names returns the names of all networks, by kind.
func Names() []string {
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.Name
	}
	return list
}

// Find returns the entry of a name; an unknown one is an error that says which
// was perhaps meant.
func Find(name string) (Entry, error) {
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
	}
	return Entry{}, names.Unknown("network", name, Names())
}

// A Global says how the last map becomes one vector, in networks that leave the choice.
type Global string

const (
	Average  Global = "average"  // of each channel
	Max      Global = "max"      // of each channel
	Permuted Global = "permuted" // the average, its channels in a new order at every pass (Islam et al., ICCV 2021)
)

// Globals returns them all.
func Globals() []Global { return []Global{Average, Max, Permuted} }
