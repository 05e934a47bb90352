package datasets

import (
	"context"
	"fmt"
	"io"
)

// within returns what load returns, or the error of the context as soon as that
// is done. Decoders do not know contexts, and a disk may not answer: load is
// then left behind, to end by itself. It reads through a reader below, and all
// that it does between two reads is bounded by the limits of this package to a
// few seconds. A panic of it is an error.
func within[T any](ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("reading it failed: %v", p)
			}
			answers <- a
		}()
		a.value, a.err = load(ctx)
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// A reader reads, in pieces of at most 1 MiB, while its context is not done.
type reader struct {
	ctx  context.Context
	from io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p[:min(len(p), 1<<20)])
}
