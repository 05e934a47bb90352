package onnx

import (
	"slices"

	"padlab/core/nn"
)

// combine applies an operation to two values.
func (b *build) combine(op operation, x, y *value) (*value, error) {
	dims, err := broadcast(x.dims, y.dims)
	if err != nil {
		return nil, err
	}
	if err := b.checkDims(dims, x.constant != nil && y.constant != nil); err != nil {
		return nil, err
	}
	if x.constant != nil && y.constant != nil {
		return &value{dims: dims, constant: combineConstants(op, x.constant, y.constant, dims)}, nil
	}
	x, y = b.settle(x), b.settle(y)
	lead := x
	if x.constant != nil || y.constant == nil && volume(y.dims) > volume(x.dims) {
		lead = y
	}
	var order []int
	more := len(dims) - len(lead.dims)
	for i := range more {
		order = append(order, i)
	}
	for _, axis := range lead.order {
		order = append(order, axis+more)
	}
	m := b.value(0, dims, order)
	memory := m.memory()
	spec := nn.CombineSpec{Dims: memory}
	inMemory := func(steps []int) []int {
		list := make([]int, len(order))
		for i, axis := range order {
			list[i] = steps[axis]
		}
		return list
	}
	if x.constant != nil || y.constant != nil {
		name := b.name("")
		t, run := y.constant, x
		if x.constant != nil {
			t, run, spec.Left = x.constant, y, true
		}
		steps := inMemory(over(dims, t.dims, stridesOf(t.dims)))
		mine := inMemory(over(dims, run.dims, run.strides()))
		spec.Steps = [2][]int{mine, steps}
		if spec.Left {
			spec.Steps = [2][]int{steps, mine}
		}
		b.weigh(&spec, name, t)
		m.out = b.b.Combine(name, op.Operation, shapeOf(memory), spec, run.out)
		return m, nil
	}
	// Operands as large as the result lie in its order.
	outs := [2]nn.Output{}
	for i, v := range []*value{x, y} {
		strides := v.strides()
		outs[i] = v.out
		if slices.Equal(v.dims, dims) {
			outs[i], _ = b.in(v, order)
			strides = m.strides()
		}
		spec.Steps[i] = inMemory(over(dims, v.dims, strides))
	}
	shape := shapeOf(memory)
	if op.Kind == "add" && slices.Equal(x.dims, y.dims) {
		if b.b.Shape(outs[0]) == b.b.Shape(outs[1]) {
			m.out = b.b.Add(b.name(""), outs[0], outs[1])
			return m, nil
		}
		first, second := b.shaped(outs[0], shape), b.shaped(outs[1], shape)
		m.out = b.b.Add(b.name(""), first, second)
		return m, nil
	}
	for i, v := range []*value{x, y} {
		if slices.Equal(v.dims, dims) {
			outs[i] = b.shaped(outs[i], shape)
		}
	}
	op2 := op.Operation
	if lead == y { // what is read is said of the first input
		outs[0], outs[1] = outs[1], outs[0]
		spec.Steps[0], spec.Steps[1] = spec.Steps[1], spec.Steps[0]
		f, da, db := op2.F, op2.DA, op2.DB
		op2.F = func(a, b float32) float32 { return f(b, a) }
		op2.DA, op2.DB = swapped(db), swapped(da)
	}
	m.out = b.b.Combine(b.name(""), op2, shape, spec, outs[0], outs[1])
	return m, nil
}

func swapped(f func(a, b float32) float32) func(a, b float32) float32 {
	if f == nil {
		return nil
	}
	return func(a, b float32) float32 { return f(b, a) }
}

// mapped applies a function to every value.
func (b *build) mapped(f nn.Function, v *value) (*value, error) {
	if v.constant != nil {
		if err := b.checkDims(v.dims, true); err != nil {
			return nil, err
		}
		t := &tensor{typ: float32Type, dims: v.dims, floats: make([]float32, v.constant.len())}
		for i, x := range v.constant.values() {
			t.floats[i] = f.F(x)
		}
		return &value{dims: v.dims, constant: t}, nil
	}
	v = b.settle(v)
	return b.value(b.b.Map(b.name(""), v.out, f), v.dims, v.order), nil
}

// reduce makes one number of those along some axes.
func (b *build) reduce(r nn.Reduction, v *value, axes []int, keep bool) (*value, error) {
	dims := slices.Clone(v.dims)
	for _, axis := range axes {
		dims[axis] = 1
	}
	finish := func(m *value) (*value, error) {
		if keep {
			return m, nil
		}
		var left []int
		for axis, d := range m.dims {
			if !slices.Contains(axes, axis) {
				left = append(left, d)
			}
		}
		return b.reshape(m, left)
	}
	if v.constant != nil {
		if err := b.checkDims(v.dims, true); err != nil {
			return nil, err
		}
		return finish(&value{dims: dims, constant: reduceConstant(r, v.constant, dims)})
	}
	v = b.settle(v)
	if r.Kind == "mean" && len(v.dims) == 4 && slices.Equal(axes, []int{2, 3}) && v.dims[0] == 1 && sameOrder(v.dims, v.order, channelsLast(4)) {
		out, err := b.picture(v)
		if err != nil {
			return nil, err
		}
		m := b.ofPicture(b.b.GlobalAveragePool(b.name(""), out), 4)
		b.b.Times = 1
		return finish(m)
	}
	m := b.value(0, dims, v.order)
	strides := m.strides()
	memory := v.memory()
	steps := make([]int, len(memory))
	for i, axis := range v.order {
		if dims[axis] == v.dims[axis] && dims[axis] != 1 {
			steps[i] = strides[axis]
		}
	}
	m.out = b.b.Reduce(b.name(""), r, v.out, shapeOf(m.memory()), memory, steps)
	return finish(m)
}
