package sweep

import (
	"fmt"
	"strconv"
	"strings"
)

// A Shard is every Count-th cell of a plan, from the Index-th on. The shards 1 … n
// of n have all cells, each once, and of every combination about as many. The zero
// Shard has all.
type Shard struct{ Index, Count int }

// ParseShard reads i/n.
func ParseShard(text string) (Shard, error) {
	first, second, ok := strings.Cut(text, "/")
	i, err := strconv.Atoi(first)
	n, bad := strconv.Atoi(second)
	if !ok || err != nil || bad != nil {
		return Shard{}, fmt.Errorf("not i/n, as in 1/3: %q", text)
	}
	return NewShard(i, n)
}

// NewShard returns the i-th of n shards. The error says that there is none such.
func NewShard(i, n int) (Shard, error) {
	if n < 1 || i < 1 || i > n {
		return Shard{}, fmt.Errorf("there is no shard %d of %d: they count from 1 to n", i, n)
	}
	return Shard{i, n}, nil
}

// Has reports whether a cell is of the shard.
func (s Shard) Has(c Cell) bool { return s.Count == 0 || (c.Number-1)%s.Count == s.Index-1 }

// String is "2/3", and of the zero Shard empty.
func (s Shard) String() string {
	if s.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Index, s.Count)
}

// Of returns the cells of a plan that are of the shard.
func (s Shard) Of(p *Plan) (list []Cell) {
	for _, c := range p.Cells {
		if s.Has(c) {
			list = append(list, c)
		}
	}
	return list
}
