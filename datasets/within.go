package datasets

import (
	"context"
	"fmt"
)

// within returns what load returns, or the error of the context as soon as that
// is done. Decoders do not know contexts, and a disk may not answer: load is
// then left behind, to end by itself. It reads through fetch.Heed, and all
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
