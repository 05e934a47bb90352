package onnx

import (
	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/pad"
)

// A Layer is a layer of a network as it is understood here.
type Layer struct {
	Name, Op, Kind           string
	In                       []nn.Shape
	Out                      nn.Shape
	Kernel, Stride, Dilation [2]int // along the rows and the columns; a kernel of 0 sees all
	Pad                      pad.Sides
	Jump                     int // pixels of the picture between neighbours; 0 where they see all of it
	ReceptiveField           int // pixels of the picture that an output sees; 0: all of them
	Params                   int // that are trained
}

// A Listing is a graph as it is understood, or all that does not fit.
type Listing struct {
	Layers   []Layer
	Problems Problems
	Folded   int // nodes that were computed, or needed no layer
}

// List makes the layers of the network of s, but not their weights. The error is
// of a picture that is too small, or the like; what is not supported are
// problems.
func (m *Model) List(s arch.Spec) (*Listing, error) {
	nb := nn.NewBuilder(s.In)
	nb.Schemes = s.Layers
	b, _ := m.build(nb, s)
	if b.problems != nil {
		return &Listing{Problems: b.problems}, nil
	}
	nodes, err := nb.Nodes()
	if err != nil {
		return nil, err
	}
	list := &Listing{Folded: m.all}
	seen := ""
	for i, stage := range arch.TraceLayers(nodes) {
		node := nodes[i]
		l := Layer{Name: node.Name(), Op: b.ops[i], Kind: node.Kind(), In: node.In(), Out: node.Out(), Jump: stage.Stride, ReceptiveField: stage.ReceptiveField}
		for axis, w := range []nn.Window{node.Window(nn.Rows), node.Window(nn.Columns)} {
			l.Kernel[axis], l.Stride[axis], l.Dilation[axis], l.Pad = w.Size, w.Stride, w.Dilation, w.Pad
		}
		if l.ReceptiveField == 0 {
			l.Jump = 0
		}
		for _, p := range node.Params() {
			if !p.State {
				l.Params += p.Len()
			}
		}
		if b.owners[i] != seen {
			seen = b.owners[i]
			list.Folded--
		}
		list.Layers = append(list.Layers, l)
	}
	return list, nil
}

// Nodes is how many lead to the output, Opset the version of their operators,
// and Producer the program that wrote the file.
func (m *Model) Nodes() int       { return m.all }
func (m *Model) Opset() int       { return m.opset }
func (m *Model) Producer() string { return visible(m.producer) }
