package probe

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/names"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// Side is the size in pixels to which all taps are resized, as in the official
// code.
const Side = 28

// MaxBytes bounds the memory for the features of one network. Those of the first
// pictures, as many as fit, are kept, small taps as they are, before they are
// resized; those of the others are computed again whenever they are needed, with the
// same bits.
const MaxBytes = 512 << 20

// Features are the outputs of a frozen network for the pictures of an album: its
// taps, each resized to 28×28 by bilinear interpolation with aligned corners
// and concatenated along the channels. Several read-outs may share them, as long
// as they take turns.
type Features struct {
	Album    *Album
	Channels int

	net      *nn.Net
	kernel   *kernel.Kernel
	workers  int
	seed     uint64
	taps     []tap
	tapes    []*nn.Tape        // of each worker; made by the first Load
	kept     int               // floats that are kept of a picture
	pinned   [][]float32       // what is kept of pictures 0 … len−1, nil until they are first loaded
	loose    map[int][]float32 // of later pictures, only those of the last Load
	free     [][]float32
	missing  []int
	read     func(worker, piece int)
	prepared int         // training pictures whose sums are known
	whole    [][]float32 // of each worker: the picture whose sums it makes
	sums     [][]float64 // [picture][2·channel]: sum and sum of squares of a channel
	mean     []float32   // of each channel over the training pictures; nil until all sums are known
	scale    []float32   // 1 / standard deviation
}

// A tap is a node of the network whose output is looked at.
type tap struct {
	name      string
	from      nn.Output
	shape     nn.Shape
	before    int // channels of the taps before it
	resize    *pad.Bilinear
	small     bool // it is kept as it is, since it has fewer pixels than 28×28
	at, until int  // where it lies in what is kept of a picture
}

// NewFeatures returns the features at the named taps of a network. A name that
// no node has is an error, which suggests the nearest one. It panics when the
// network does not take pictures of the album, and without taps.
func NewFeatures(net *nn.Net, taps []string, album *Album, workers int, seed uint64) (*Features, error) {
	return newFeatures(net, taps, album, workers, seed, MaxBytes)
}

func newFeatures(net *nn.Net, taps []string, album *Album, workers int, seed uint64, bytes int) (*Features, error) {
	if net.In != (nn.Shape{H: album.Side, W: album.Side, C: album.Channels}) {
		panic(fmt.Sprintf("probe: pictures of %d×%d×%d for a network that takes %v", album.Side, album.Side, album.Channels, net.In))
	}
	f := &Features{Album: album, net: net, kernel: net.Kernel(), workers: workers, seed: seed, loose: map[int][]float32{}}
	var known []string
	for _, n := range net.Nodes {
		known = append(known, n.Name())
	}
	for _, name := range taps {
		i := slices.Index(known, name)
		if i < 0 {
			return nil, names.Unknown("tap", name, known)
		}
		t := tap{name: name, from: nn.Output(i), shape: net.Nodes[i].Out(), before: f.Channels}
		t.resize = pad.NewBilinear(t.shape.H, t.shape.W, t.shape.C, Side, Side, true)
		t.small, t.at = t.shape.H*t.shape.W < Side*Side, f.kept
		f.kept += min(t.shape.H*t.shape.W, Side*Side) * t.shape.C
		t.until = f.kept
		f.Channels += t.shape.C
		f.taps = append(f.taps, t)
	}
	if len(f.taps) == 0 {
		panic("probe: features of no taps")
	}
	f.pinned = make([][]float32, min(album.Len(), bytes/(4*f.kept)))
	f.sums = make([][]float64, album.Train)
	f.read = f.readPicture
	return f, nil
}

// Bytes is how much memory the features that are kept take, once all are loaded.
func (f *Features) Bytes() int { return len(f.pinned) * 4 * f.kept }

// Release gives that memory back. The features are not to be used any more.
func (f *Features) Release() {
	f.pinned, f.loose, f.free, f.tapes, f.taps, f.whole = nil, nil, nil, nil, nil, nil
}

// spans are the channels of the named taps, and how many they are together.
func (f *Features) spans(taps []string) (list []span, channels int, err error) {
	for _, name := range taps {
		i := slices.IndexFunc(f.taps, func(t tap) bool { return t.name == name })
		if i < 0 {
			return nil, 0, names.Unknown("tap", name, f.Taps())
		}
		t := f.taps[i]
		list = append(list, span{t.before, t.before + t.shape.C})
		channels += t.shape.C
	}
	return list, channels, nil
}

// ChannelsOf is how many channels the named taps have together. A name that none has is
// an error.
func (f *Features) ChannelsOf(taps []string) (int, error) {
	_, channels, err := f.spans(taps)
	return channels, err
}

// Taps are the names of the taps, in order.
func (f *Features) Taps() []string {
	var list []string
	for _, t := range f.taps {
		list = append(list, t.name)
	}
	return list
}

// Prepared is how many training pictures Prepare has loaded so far.
func (f *Features) Prepared() int { return f.prepared }

// preparation is how many pictures one call of Prepare loads.
const preparation = 8

// Prepare loads the next few training pictures and adds up mean and standard
// deviation of every channel. It reports whether there are more.
func (f *Features) Prepare(crew *kernel.Crew) (more bool) {
	if f.mean != nil {
		return false
	}
	n := min(preparation, f.Album.Train-f.prepared)
	var list []int
	for i := range n {
		list = append(list, f.prepared+i)
	}
	f.Load(crew, list)
	all := []span{{0, f.Channels}}
	for len(f.whole) < crew.Workers() {
		f.whole = append(f.whole, make([]float32, Side*Side*f.Channels))
	}
	crew.Do(n, func(worker, piece int) {
		i, x := list[piece], f.whole[worker]
		f.write(x, i, all, false)
		sums := make([]float64, 2*f.Channels)
		for p := range Side * Side {
			for c, v := range x[p*f.Channels : (p+1)*f.Channels] {
				sums[2*c] += float64(v)
				sums[2*c+1] += float64(float64(v) * float64(v))
			}
		}
		f.sums[i] = sums
	})
	if f.prepared += n; f.prepared < f.Album.Train {
		return true
	}
	total := make([]float64, 2*f.Channels)
	for _, sums := range f.sums {
		for i, s := range sums {
			total[i] += s
		}
	}
	f.sums, f.whole = nil, nil
	count := float64(f.Album.Train * Side * Side)
	for c := range f.Channels {
		mean := total[2*c] / count
		deviation := math.Sqrt(max(0, total[2*c+1]/count-float64(mean*mean)))
		if deviation < 1e-6 {
			deviation = 1
		}
		f.mean, f.scale = append(f.mean, float32(mean)), append(f.scale, float32(1/deviation))
	}
	return false
}

// Load makes the features of some pictures available to Of. Features of other
// pictures may have been dropped afterwards.
func (f *Features) Load(crew *kernel.Crew, pictures []int) {
	f.missing = f.missing[:0]
	for _, i := range pictures {
		if i < len(f.pinned) && f.pinned[i] != nil || f.loose[i] != nil || slices.Contains(f.missing, i) {
			continue
		}
		f.missing = append(f.missing, i)
	}
	for i, x := range f.loose { // the order does not matter: buffers are overwritten before they are read
		if !slices.Contains(pictures, i) {
			f.free = append(f.free, x)
			delete(f.loose, i)
		}
	}
	for _, i := range f.missing {
		switch n := len(f.free); {
		case i < len(f.pinned):
			f.pinned[i] = make([]float32, f.kept)
		case n > 0:
			f.loose[i], f.free = f.free[n-1], f.free[:n-1]
		default:
			f.loose[i] = make([]float32, f.kept)
		}
	}
	for len(f.tapes) < f.workers {
		tape := f.net.NewTape()
		tape.Seed = f.seed
		f.tapes = append(f.tapes, tape)
	}
	crew.Do(len(f.missing), f.read)
}

// of is what is kept of a loaded picture: its taps, one behind the other.
func (f *Features) of(picture int) []float32 {
	if picture < len(f.pinned) {
		return f.pinned[picture]
	}
	return f.loose[picture]
}

func (f *Features) readPicture(worker, piece int) {
	i := f.missing[piece]
	x, tape := f.of(i), f.tapes[worker]
	f.Album.Draw(tape.Input(), i)
	tape.Step = uint64(i)
	last := f.taps[0].from
	for _, t := range f.taps {
		last = max(last, t.from)
	}
	tape.ForwardTo(last)
	for _, t := range f.taps {
		if t.small {
			copy(x[t.at:t.until], tape.Activation(t.from))
		} else {
			t.resize.Forward(f.kernel.Blend, x[t.at:t.until], tape.Activation(t.from))
		}
	}
}

// A span is the channels from … to−1, those of some taps.
type span struct{ from, to int }

// write concatenates these channels of a loaded picture in dst, 28×28×C. With
// standardise each is (x − mean) / standard deviation of its channel.
func (f *Features) write(dst []float32, picture int, spans []span, standardise bool) {
	x, channels, before := f.of(picture), 0, 0
	for _, s := range spans {
		channels += s.to - s.from
	}
	for _, s := range spans {
		for _, t := range f.taps {
			if t.before < s.from || t.before >= s.to {
				continue
			}
			f.writeTap(dst[before:], channels, x[t.at:t.until], t, standardise)
			before += t.shape.C
		}
	}
}

// writeTap writes what is kept of a tap into pixels that begin step floats apart.
func (f *Features) writeTap(dst []float32, step int, kept []float32, t tap, standardise bool) {
	c := t.shape.C
	if t.small {
		t.resize.ForwardApart(f.kernel.Blend, dst, step, kept)
	} else {
		for p := range Side * Side {
			copy(dst[p*step:], kept[p*c:(p+1)*c])
		}
	}
	if !standardise {
		return
	}
	mean, scale := f.mean[t.before:t.before+c], f.scale[t.before:t.before+c]
	for p := range Side * Side {
		pixel := dst[p*step:][:c]
		f.kernel.Standardise(pixel, pixel, mean, scale)
	}
}
