package view

// An Optional is a number, or none: the zero value.
type Optional struct {
	value float64
	known bool
}

// Some returns the number v, or none when v is not finite.
func Some(v float64) Optional {
	if !finite(v) {
		return Optional{}
	}
	return Optional{v, true}
}

// Value returns the number, and whether there is one.
func (o Optional) Value() (v float64, ok bool) { return o.value, o.known }
