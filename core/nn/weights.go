package nn

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"padlab/core/names"
	"padlab/core/nn/safetensors"
)

// A stored tensor is one of a network's as PyTorch keeps it in a file. The
// weights of a convolution are OIHW there, [n][c][ky][kx], and those of a
// linear layer [n][i], where i runs over a picture as C×H×W. Here they are
// HWIO, and [i][n] with i in NHWC order: the weights of a linear layer are
// those of a convolution whose kernel is as large as its picture, and one
// permutation serves both.
type stored struct {
	name   string
	shape  []int     // in the file
	dims   [4]int    // height, width, channels and n; 1, 1, 1 and n of a vector
	values []float32 // as Net.W holds them
}

// stored returns the tensors of the network, whose values are parts of w.
func (n *Net) stored(w []float32) (list []stored) {
	n.eachParam(w, func(node Node, p Param, values []float32) {
		shape, dims := inFile(node, p)
		list = append(list, stored{p.Name, shape, dims, values})
	})
	return list
}

// inFile returns the shape and the dims of a stored tensor.
func inFile(node Node, p Param) (shape []int, dims [4]int) {
	switch s := p.Shape; len(s) {
	case 4:
		return []int{s[3], s[2], s[0], s[1]}, [4]int(s)
	case 2:
		in := node.In()[0]
		return []int{s[1], s[0]}, [4]int{in.H, in.W, in.C, s[1]}
	}
	return p.Shape, [4]int{1, 1, 1, p.Len()}
}

// Tensors returns the names and shapes of what a file of the weights of a
// network of these nodes holds, in the order of the layers.
func Tensors(nodes []Node) (list []safetensors.Info) {
	for _, node := range nodes {
		for _, p := range node.Params() {
			shape, _ := inFile(node, p)
			list = append(list, safetensors.Info{Name: p.Name, Shape: shape})
		}
	}
	return list
}

// each calls f for every value, with its place here and in the file. It goes
// through the file in order, but for several n at once, which lie side by side
// here.
func (t *stored) each(f func(here, file int)) {
	const together = 64
	pixels, channels, n := t.dims[0]*t.dims[1], t.dims[2], t.dims[3]
	for from := 0; from < n; from += together {
		to := min(from+together, n)
		for c := range channels {
			for p := range pixels {
				here, file := (p*channels+c)*n, c*pixels+p
				for o := from; o < to; o++ {
					f(here+o, o*channels*pixels+file)
				}
			}
		}
	}
}

// Save writes all weights and running statistics as a safetensors file, under
// their names, in PyTorch's layouts: torch.nn modules of the same names load
// it. NaN and infinities are written as they are, and Load would refuse them.
// The errors are those of safetensors.Write.
func (n *Net) Save(w io.Writer, metadata map[string]string) error {
	var list []safetensors.Tensor
	for _, t := range n.stored(n.W) {
		values := make([]float32, len(t.values))
		t.each(func(here, file int) { values[file] = t.values[here] })
		list = append(list, safetensors.Tensor{Name: t.name, Shape: t.shape, Values: values})
	}
	return safetensors.Write(w, list, metadata)
}

// Load sets all weights and running statistics to those of a file in PyTorch's
// layouts, and packs them. The file must hold every tensor of the network in
// its shape and no other, but for integers such as num_batches_tracked, which
// are ignored. All names may stand behind one [Prefix]. All values must be
// finite, and variances not below 0.
//
// When anything does not fit the network stays as it was, and the error says
// how many tensors are missing, unexpected, or of another shape, and names the
// first of them. Only a file that changes while it is read can leave a part of
// its weights behind.
func (n *Net) Load(f *safetensors.File) error {
	list := n.stored(n.W)
	want := make([]safetensors.Info, len(list))
	for i, t := range list {
		want[i] = safetensors.Info{Name: t.name, Shape: t.shape}
	}
	found, err := matchTensors(want, f)
	if err != nil {
		return err
	}
	read := func(use func(t stored, values []float32)) error {
		for i, t := range list {
			tensor, err := f.Read(found[i].Name)
			if err == nil {
				err = checkValues(tensor)
			}
			if err != nil {
				return err
			}
			use(t, tensor.Values)
		}
		return nil
	}
	// To read twice costs less than a second copy of a network of a GB.
	if err := read(func(stored, []float32) {}); err != nil {
		return err
	}
	if err := read(func(t stored, values []float32) {
		t.each(func(here, file int) { t.values[here] = values[file] })
	}); err != nil {
		return err
	}
	n.Pack()
	return nil
}

// Fits returns the error that Load has for the names and shapes of a file's
// tensors when the network's are those of the list.
func Fits(list []safetensors.Info, f *safetensors.File) error {
	_, err := matchTensors(list, f)
	return err
}

// Prefix returns what stands in front of the names of a list of tensors in a
// file: "module." where torch.nn.DataParallel was at work, "backbone." or
// "model." where the network was a part of something. It is what more of them
// have in front than anything else, if that is half of them or of the file's
// tensors, and ends in a dot; else it is empty.
func Prefix(list []safetensors.Info, f *safetensors.File) string {
	wanted := map[string]bool{}
	dots := 0
	for _, t := range list {
		wanted[t.Name] = true
		dots = max(dots, strings.Count(t.Name, "."))
	}
	found := map[string]int{}
	for _, t := range f.Tensors {
		for at, n := len(t.Name), 0; at >= 0 && n <= dots; n++ {
			at = strings.LastIndexByte(t.Name[:at], '.')
			if wanted[t.Name[at+1:]] {
				found[t.Name[:at+1]]++
			}
		}
	}
	best := ""
	for _, prefix := range slices.Sorted(maps.Keys(found)) {
		if found[prefix] > found[best] {
			best = prefix
		}
	}
	if 2*found[best] < min(len(list), len(f.Tensors)) {
		return ""
	}
	return best
}

// matchTensors finds the tensors of the list in the file.
func matchTensors(list []safetensors.Info, f *safetensors.File) ([]safetensors.Info, error) {
	prefix := Prefix(list, f)
	rest := map[string]safetensors.Info{} // by the name in the file
	for _, info := range f.Tensors {
		rest[info.Name] = info
	}
	var found []safetensors.Info
	var missing, shapes []string
	for _, t := range list {
		info, ok := rest[prefix+t.Name]
		delete(rest, prefix+t.Name)
		switch {
		case !ok:
			missing = append(missing, prefix+t.Name)
		case !slices.Equal(info.Shape, t.Shape):
			shapes = append(shapes, fmt.Sprintf("%.80q is %d, not %d", info.Name, info.Shape, t.Shape))
		}
		found = append(found, info)
	}
	maps.DeleteFunc(rest, func(_ string, info safetensors.Info) bool { return isInteger(info.Dtype) })
	unexpected := slices.Sorted(maps.Keys(rest))

	var problems []string
	problem := func(one, many string, list []string, word func(string) string) {
		const most = 3
		if len(list) == 0 {
			return
		}
		slices.Sort(list)
		var words []string
		for _, name := range list[:min(most, len(list))] {
			words = append(words, word(name))
		}
		if more := len(list) - most; more > 0 {
			words = append(words, fmt.Sprintf("and %d more", more))
		}
		what := "1 tensor " + one
		if len(list) > 1 {
			what = fmt.Sprintf("%d tensors %s", len(list), many)
		}
		problems = append(problems, what+": "+strings.Join(words, ", "))
	}
	quote := func(name string) string { return fmt.Sprintf("%.80q", name) }
	problem("is missing", "are missing", missing, func(name string) string {
		if near := names.Nearest(name, unexpected); near != "" {
			return quote(name) + " (the file has " + quote(near) + ")"
		}
		return quote(name)
	})
	problem("is unexpected", "are unexpected", unexpected, quote)
	problem("has another shape", "have other shapes", shapes, func(s string) string { return s })
	if problems != nil {
		return nil, errors.New(strings.Join(problems, "; "))
	}
	return found, nil
}

// isInteger reports whether values of that type are integers.
func isInteger(d safetensors.Dtype) bool { return d != "" && strings.ContainsRune("IU", rune(d[0])) }

// checkValues returns an error for a value that no tensor of its kind may hold.
func checkValues(t safetensors.Tensor) error {
	variance := strings.HasSuffix(t.Name, ".running_var")
	for i, v := range t.Values {
		if v-v != 0 {
			return fmt.Errorf("tensor %q: value %d of %d is %g, but all must be finite", t.Name, i+1, len(t.Values), v)
		}
		if variance && v < 0 {
			return fmt.Errorf("tensor %q: value %d of %d is %g, but no variance is below 0", t.Name, i+1, len(t.Values), v)
		}
	}
	return nil
}
