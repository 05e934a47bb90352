package datasets

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// idxBytes is an idx file with the given first word, sizes and content.
func idxBytes(magic uint32, sizes []uint32, content []byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, magic)
	for _, size := range sizes {
		file = binary.BigEndian.AppendUint32(file, size)
	}
	return append(file, content...)
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

func readIDX(file []byte, sizes int) (*idx, []byte, error) {
	x, err := readHeader(bytes.NewReader(file), int64(len(file)), "FILE", sizes)
	if err != nil {
		return nil, nil, err
	}
	content, err := x.content()
	return x, content, err
}

func TestReadIDX(t *testing.T) {
	content := []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	images := idxBytes(0x803, []uint32{2, 3, 2}, content)
	labels := idxBytes(0x801, []uint32{12}, content)
	for _, c := range []struct {
		file  []byte
		sizes []int
	}{
		{images, []int{2, 3, 2}},
		{gzipped(images), []int{2, 3, 2}},
		{append(gzipped(images[:20]), gzipped(images[20:])...), []int{2, 3, 2}},
		{labels, []int{12}},
		{gzipped(labels), []int{12}},
	} {
		x, got, err := readIDX(c.file, len(c.sizes))
		if err != nil {
			t.Error(err)
		} else if !slices.Equal(x.sizes, c.sizes) || !bytes.Equal(got, content) {
			t.Errorf("sizes %v and %v, want %v and %v", x.sizes, got, c.sizes, content)
		}
	}
}

// Every broken file is refused with its numbers, and costs next to nothing,
// whatever it announces.
func TestReadIDXRefuses(t *testing.T) {
	const all = 0xffffffff
	good := idxBytes(0x803, []uint32{10, 28, 28}, make([]byte, 7840))
	zipped := gzipped(good)
	wrongSum := bytes.Clone(zipped)
	binary.LittleEndian.PutUint32(wrongSum[len(wrongSum)-8:], crc32.ChecksumIEEE(good)+1)
	for name, c := range map[string]struct {
		file  []byte
		sizes int
		want  string
	}{
		"empty":              {nil, 3, "FILE: holds 0 of the 16 bytes of an idx header"},
		"short header":       {good[:11], 3, "FILE: holds 11 of the 16 bytes of an idx header"},
		"short zipped":       {gzipped(good[:7]), 3, "FILE: holds 7 of the 16 bytes of an idx header"},
		"short gzip header":  {zipped[:5], 3, "FILE: gzip header: unexpected EOF"},
		"images as labels":   {good, 1, "FILE: begins with 00000803, want 00000801"},
		"labels as images":   {idxBytes(0x801, []uint32{99, 0, 0}, nil), 3, "FILE: begins with 00000801, want 00000803"},
		"floats":             {idxBytes(0xd03, []uint32{1, 1, 1}, nil), 3, "FILE: begins with 00000d03, want 00000803"},
		"no images":          {idxBytes(0x803, []uint32{0, 28, 28}, nil), 3, "FILE: announces sizes [0 28 28], but every one must be at least 1"},
		"no columns":         {idxBytes(0x803, []uint32{all, all, 0}, nil), 3, "[4294967295 4294967295 0]"},
		"overflow":           {idxBytes(0x803, []uint32{all, all, all}, nil), 3, "FILE: announces sizes [4294967295 4294967295 4294967295], more than the 805306368 bytes allowed"},
		"overflow to 0":      {idxBytes(0x803, []uint32{1 << 31, 1 << 31, 4}, nil), 3, "more than the 805306368 bytes allowed"},
		"just too much":      {idxBytes(0x803, []uint32{4, 1 << 28, 1}, nil), 3, "[4 268435456 1], more than the 805306368 bytes allowed"},
		"lying n":            {idxBytes(0x803, []uint32{1000, 28, 28}, make([]byte, 100)), 3, "FILE: holds 100 of 784000 bytes"},
		"largest lie":        {idxBytes(0x803, []uint32{3, 1 << 28, 1}, make([]byte, 5)), 3, "FILE: holds 5 of 805306368 bytes"},
		"largest zipped lie": {gzipped(idxBytes(0x803, []uint32{3, 1 << 28, 1}, make([]byte, 5))), 3, "FILE: announces 805306368 bytes, but "},
		"too many":           {idxBytes(0x801, []uint32{1<<20 + 1}, nil), 1, "FILE: announces 1048577 images, at most 1048576 are allowed"},
		"trailing":           {append(bytes.Clone(good), 0), 3, "FILE: goes on after the 7840 bytes that it announces"},
		"trailing, zipped":   {gzipped(append(bytes.Clone(good), 0)), 3, "FILE: goes on after the 7840 bytes that it announces"},
		"bomb":               {gzipped(idxBytes(0x801, []uint32{4}, make([]byte, 8<<20))), 1, "FILE: goes on after the 4 bytes that it announces"},
		"cut gzip":           {zipped[:len(zipped)-20], 3, "of 7840 bytes: unexpected EOF"},
		"gzip without sum":   {zipped[:len(zipped)-8], 3, "FILE: holds 7840 of 7840 bytes: unexpected EOF"},
		"wrong sum":          {wrongSum, 3, "FILE: holds 7840 of 7840 bytes: gzip: invalid checksum"},
		"after the gzip":     {append(bytes.Clone(zipped), "rubbish of some length"...), 3, "FILE: holds 7840 of 7840 bytes: gzip: invalid header"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := readIDX(c.file, c.sizes)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<18 {
			t.Errorf("%s: %d bytes allocated", name, spent)
		}
	}
}

// What is accepted is exactly what the file says: its header and content make
// up the whole file again.
func FuzzIDX(f *testing.F) {
	images := idxBytes(0x803, []uint32{2, 2, 1}, []byte{1, 2, 3, 4})
	labels := idxBytes(0x801, []uint32{2}, []byte{7, 9})
	for _, seed := range [][]byte{nil, images, labels, images[:15], append(labels, 0), idxBytes(0x803, []uint32{1 << 31, 1 << 31, 4}, nil)} {
		f.Add(seed)
		f.Add(gzipped(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, sizes := range []int{1, 3, 4} {
			x, content, err := readIDX(file, sizes)
			if err != nil {
				if !strings.HasPrefix(err.Error(), "FILE: ") {
					t.Errorf("the error does not begin with the file: %v", err)
				}
				continue
			}
			var header []uint32
			for _, size := range x.sizes {
				header = append(header, uint32(size))
			}
			again := idxBytes(0x800|uint32(sizes), header, content)
			if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
				file = unzip(t, file)
			}
			if !bytes.Equal(again, file) {
				t.Errorf("sizes %v and %d bytes do not make up the file of %d bytes", x.sizes, len(content), len(file))
			}
		}
	})
}

func unzip(t *testing.T, file []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
