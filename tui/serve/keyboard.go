package serve

import "io"

const (
	keyRate, keyBurst = 8 << 10, 16 << 10 // bytes a second of keys; what comes beyond is dropped
	maxPaste          = 4 << 10           // bytes of a paste
)

// A keyboard is what a client types: as much of it as a person may.
type keyboard struct {
	from    io.Reader
	rate    bucket
	pressed func()
	gone    func() // the client sends no more
}

func (k *keyboard) Read(b []byte) (int, error) {
	for {
		n, err := k.from.Read(b)
		if err != nil {
			k.gone()
			return 0, err
		}
		if k.rate.take(n) {
			k.pressed()
			return n, nil
		}
	}
}
