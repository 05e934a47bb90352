package cli

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"padlab/core/metric"
	"padlab/core/rng"
	"padlab/tui/report"
)

// profiled is padlab profile of rows on the standard input, as JSON.
func profiled(t *testing.T, rows string, args ...string) report.Predictions {
	t.Helper()
	o := within(t, &session{in: strings.NewReader(rows)}, append([]string{"profile", "-", "--format", "json"}, args...)...)
	var p report.Predictions
	if err := json.Unmarshal([]byte(o.out), &p); err != nil || o.code != 0 {
		t.Fatalf("ended with %d, %v and\n%s%s", o.code, err, o.out, o.err)
	}
	return p
}

// The README shows what the program prints of a file that is here, and the columns.
// -update writes it anew.
func TestProfileInReadme(t *testing.T) {
	const begin, end = "<!-- profile, by go test ./tui/cli -run ProfileInReadme -update -->\n```\n", "```\n<!-- end of profile -->"
	path := filepath.Join("..", "..", "README.md")
	readme := contentOf(t, "", path)
	before, rest, ok := strings.Cut(readme, begin)
	shown, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("the README has no place for a profile")
	}
	o := padlab(t, "profile", "testdata/predictions.csv", "--rings", "4")
	if o.code != 0 {
		t.Fatal(o.err)
	}
	want := strings.ReplaceAll(o.out, "testdata/", "tui/cli/testdata/")
	if *update {
		write(t, path, before+begin+want+end+after)
	} else if shown != want {
		t.Errorf("the README shows\n%s\nnot\n%s\n-update writes it anew", shown, want)
	}
}

// Every line of the table fits on a terminal of 80 columns.
func TestProfileFits(t *testing.T) {
	o := padlab(t, "profile", "testdata/predictions.csv")
	for _, line := range strings.Split(o.out, "\n") {
		if len([]rune(line)) > 80 {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
}

// By hand: a picture of 8×8 pixels with four distances. Image a is right at the border
// once of twice, and once of once in the middle; b never, and once of twice.
func TestProfileByHand(t *testing.T) {
	p := profiled(t, `image,x,y,width,height,correct
a,0,5,8,8,1
a,7,7,8,8,false
a,3,4,8,8,True
b,4,0,8,8,0

b,3,3,8,8,1.0
b,4,4,8,8,0
`)
	if p.Rows != 6 || p.Images != 2 || *p.Size != [2]int{8, 8} || p.Unit != "pixels" || len(p.Rings) != 4 || p.Rings[3] != (report.RingOf{Ring: 3, From: 3, To: 4}) || len(p.Curves) != 1 || len(p.Differences) != 0 {
		t.Fatalf("%+v", p)
	}
	c := p.Curves[0]
	third, two := metric.Number(1./3), metric.Number(2./3)
	for d, want := range []report.Valued{{N: 3, Images: 2, Value: third}, {}, {}, {N: 3, Images: 2, Value: two}} {
		got := c.Rings[d]
		if got.N != want.N || got.Images != want.Images || want.N > 0 && math.Abs(float64(got.Value-want.Value)) > 1e-12 || want.N == 0 && got.Value.Finite() {
			t.Errorf("ring %d: %+v, want %+v", d, got, want)
		}
	}
	if c.Group != "" || c.Metric != "accuracy" || c.All.Value != .5 || math.Abs(float64(c.Gap.Value+third)) > 1e-12 || c.Gap.N != 6 {
		t.Errorf("%+v", c)
	}

	boxes := profiled(t, "image\tx1\ty1\tx2\ty2\tscore\n1\t0\t0\t10\t100\t.5\n1\t40\t30\t60\t70\t-1e-1\n", "--size", "100x100")
	if c := boxes.Curves[0]; c.Metric != "score" || c.Rings[0].Value != .5 || c.Rings[4].Value != -.1 || c.All.Low.Finite() || boxes.Unit != report.Zoned || boxes.Rings[1].From != .1 {
		t.Errorf("%+v", boxes)
	}
	again := profiled(t, "\xef\xbb\xbf\"image\";x;Y;w;h;score;\"a;\"\"b\"\"\"\r\n1;0;0;10;100; 0.5 ;\r\n\"1\" ;40;30;20;40;\"-0.1\";\"\"\"; \"\r\n", "--size", "100x100")
	if a, b := fmt.Sprintf("%+v", again.Curves), fmt.Sprintf("%+v", boxes.Curves); a != b {
		t.Errorf("the same boxes otherwise: %s, not %s", a, b)
	}
}

// What random rows say is what a walk over them finds, however they are written.
func TestProfileAndNaive(t *testing.T) {
	s := rng.New(4, "profile")
	for trial := range 12 {
		type answer struct {
			image, group string
			ring         int
			value        float64
		}
		boxes, rings := trial%2 == 1, 1+s.IntN(4)
		comma, ending := []string{",", ";", "\t"}[trial%3], []string{"\n", "\r\n"}[trial/2%2]
		var rows []answer
		var b strings.Builder
		columns := []string{"correct", "image", "ignored", "height", "x", "y", "group", "width"}
		if boxes {
			columns = append(columns, "w", "h")
		}
		b.WriteString(strings.Join(columns, comma) + ending)
		for range 200 {
			i := s.IntN(9)
			w, h := 20+5*i, 31
			a := answer{image: fmt.Sprintf("%d%s.png", i, comma), group: []string{"one", "two"}[s.IntN(2)], value: float64(s.IntN(2))}
			x, y := s.IntN(w), s.IntN(h)
			fields := []string{fmt.Sprint(a.value), `"` + a.image + `"`, "?", fmt.Sprint(h), fmt.Sprint(x), fmt.Sprint(y), a.group, fmt.Sprint(w)}
			if boxes {
				width, height := float64(s.IntN(w-x+1)), float64(s.IntN(h-y+1))
				fields = append(fields, fmt.Sprint(width), fmt.Sprint(height))
				cx, cy := float64(x)+width/2, float64(y)+height/2
				for i := range rings { // the outermost whose inner rectangle does not hold the centre
					n, j, W, H := float64(2*rings), float64(i+1), float64(w), float64(h)
					if a.ring = i; n*cx <= j*W || n*(W-cx) <= j*W || n*cy <= j*H || n*(H-cy) <= j*H {
						break
					}
				}
			} else {
				distances := (min(w, h) + 1) / 2
				for a.ring = 0; (a.ring+1)*distances <= min(x, y, w-1-x, h-1-y)*rings; a.ring++ {
				}
			}
			rows = append(rows, a)
			b.WriteString(strings.Join(fields, comma) + ending)
		}
		p := profiled(t, b.String(), "--rings", strconv.Itoa(rings))
		if p.Rows != len(rows) || p.Size != nil || len(p.Curves) != 2 || len(p.Differences) != 1 {
			t.Fatalf("%+v", p)
		}
		unit, whole := report.Depth, 1.
		if boxes {
			unit, whole = report.Zoned, .5
		}
		if last := p.Rings[rings-1]; p.Unit != unit || p.Rings[0].From != 0 || last.To != whole || last.Ring != rings-1 {
			t.Errorf("%s, %+v", p.Unit, p.Rings)
		}
		for _, c := range p.Curves {
			for ring := -1; ring < rings; ring++ {
				n, sum, images := 0, 0.0, map[string]bool{}
				for _, a := range rows {
					if a.group == c.Group && (ring < 0 || a.ring == ring) {
						n, sum, images[a.image] = n+1, sum+a.value, true
					}
				}
				got := c.All
				if ring >= 0 {
					got = c.Rings[ring]
				}
				if got.N != n || got.Images != len(images) || n > 0 && math.Abs(float64(got.Value)-sum/float64(n)) > 1e-12 {
					t.Errorf("trial %d, %s, ring %d: %+v, want %g of %d in %d images", trial, c.Group, ring, got, sum/float64(n), n, len(images))
				}
			}
		}
	}
}

// The formats tell the same numbers.
func TestProfileFormats(t *testing.T) {
	rows := contentOf(t, "testdata", "predictions.csv")
	p := profiled(t, rows)
	o := within(t, &session{in: strings.NewReader(rows)}, "profile", "-", "--format", "csv")
	table, err := csv.NewReader(strings.NewReader(o.out)).ReadAll()
	if err != nil || o.code != 0 {
		t.Fatal(err, o.err)
	}
	want := 1
	for range p.Curves {
		want += 2 + len(p.Rings)
	}
	if want += len(p.Differences) * (1 + len(p.Rings)); len(table) != want {
		t.Errorf("%d lines of CSV, want %d", len(table), want)
	}
	for _, row := range table {
		if row[0] == "ring" && row[1] == "circular" && row[4] == "2" {
			if v := p.Curves[1].Rings[2]; row[7] != strconv.Itoa(v.N) || row[9] != strconv.FormatFloat(float64(v.Value), 'g', -1, 64) || row[11] != strconv.FormatFloat(float64(v.High), 'g', -1, 64) {
				t.Errorf("%v, not %+v", row, v)
			}
		}
	}
	o = within(t, &session{in: strings.NewReader(rows)}, "profile", "-", "--format", "markdown")
	if cells := fmt.Sprintf("| zeros | 0 | 0–3 | %.3f", p.Curves[0].Rings[0].Value); !strings.Contains(o.out, cells) {
		t.Errorf("no %s in\n%s", cells, o.out)
	}
	o = within(t, &session{in: strings.NewReader(rows), out: &full{200}}, "profile", "-")
	o.want(t, exitFailed, "the output cannot be written")
}

// What is wrong with a file is said in one sentence, with its line.
func TestProfileRefuses(t *testing.T) {
	const head = "image,x,y,width,height,correct\n"
	for _, c := range []struct{ rows, want string }{
		{"", "standard input: empty: a header is needed"},
		{"\n \r\n", "standard input: empty"},
		{head, "standard input: there is no row below the header"},
		{"id,x,y\n", "standard input:1: no column image: there are id, x, y"},
		{"image,x,y,width,height\n", "standard input:1: no column correct (0 or 1), nor score (a number): there are image, x, y, width, height"},
		{"image,x,y,correct\n", "standard input:1: no columns width and height of the picture, and no --size WxH for all"},
		{"image,width,height,correct\n", "standard input:1: no columns that say where"},
		{"image,x1,y1,x2,width,height,correct\n", "standard input:1: a box needs all of the columns x1, y1, x2 and y2"},
		{"image,w,h,correct\n", "standard input:1: a box needs all of the columns x, y, w and h"},
		{"image,x,y,x1,y1,x2,y2,width,height,correct\n", "standard input:1: both x1,y1,x2,y2 and others of x,y,w,h"},
		{"image,x,y,x,width,height,correct\n", "standard input:1: two columns x"},
		{"\xff\xfei\x00", "standard input: UTF-16"},
		{"PK\x03\x04", "standard input: a ZIP"},
		{"image,x\rimage,y\r", "standard input:1: a carriage return within a line"},
		{head + "a,1,1,8,8,2\n", `standard input:2: column correct: "2", but 0, 1, true or false is allowed`},
		{head + "a,1,1,8,8,NaN\n", `standard input:2: column correct: "NaN"`},
		{head + "\na,1,nan,8,8,1\n", `standard input:3: column y: "nan", but a finite number is needed: leave out rows without one`},
		{head + "a,1,,8,8,1\n", `standard input:2: column y: "", but a finite number is needed`},
		{head + "a,1,1e999,8,8,1\n", `standard input:2: column y: "1e999", but a finite number is needed`},
		{head + "a,1,0x1,8,8,1\n", `standard input:2: column y: "0x1" is no number`},
		{head + "a,1,-,8,8,1\n", `standard input:2: column y: "-" is no number`},
		{head + "a,1,.,8,8,1\n", `standard input:2: column y: "." is no number`},
		{head + "a,8,1,8,8,1\n", "standard input:2: pixel 8,1 is not in the picture: of 8×8, columns x and y are 0 … 7 and 0 … 7"},
		{head + "a,1,1,8,8,1\na,1,-1,8,8,1\n", "standard input:3: pixel 1,-1 is not in the picture"},
		{head + "a,1,1,8,8,1\na,1,1,8,9,1\n", `standard input:3: image "a" has 8×9 pixels, but 8×8 in a row before`},
		{head + "a,1,1,8.5,8,1\n", `standard input:2: column width: "8.5", but pictures have a whole number of pixels`},
		{head + "a,1,1,8,0,1\n", `standard input:2: column height: "0"`},
		{head + "a,1,1,8,8,1\nb,1,1,6,6,1\n", `standard input:3: image "b" has 6×6 pixels, at 3 distances to the border: 4 rings are too many`},
		{head + ",1,1,8,8,1\n", "standard input:2: column image is empty"},
		{head + "a,1,1,8,8\n", "standard input:2: 5 columns, but the header has 6"},
		{head + "\"a,1,1,8,8,1\n", "standard input:2: the quote at the start of column 1 is not closed on its line"},
		{head + "\"a\"b,1,1,8,8,1\n", "standard input:2: text behind the quote that closes column 1"},
		{head + "a\"b,1,1,8,8,1\n", "standard input:2: a quote within column 1"},
		{head + strings.Repeat("a", 1<<17), "standard input:2: longer than 65536 bytes"},
		{"image;x;y;width;height;score\na;1;1;8;8;0,5\n", `standard input:2: column score: "0,5", but numbers are written with a point`},
		{"image,x,y,width,height,score\na,1,1,8,8,1e101\n", `standard input:2: column score: "1e101", but at most ±1e+100 is allowed`},
		{"image,x,y,width,height,score,group\na,1,1,8,8,1,\n", "standard input:2: column group is empty"},
		{"image,x,y,width,height,score,group\na,1,1,8,8,1," + strings.Repeat("g", 101) + "\n", `standard input:2: column group: "gggg`},
		{"image,x1,y1,x2,y2,width,height,score\na,5,0,4,1,8,8,1\n", "standard input:2: a box from 5,0 to 4,1: x1 is not right of x2"},
		{"image,x1,y1,x2,y2,width,height,score\na,0,0,4,9.1,8,8,1\n", "standard input:2: a box from 0,0 to 4,9.1 sticks out of a picture of 8×8 by more than a pixel"},
		{"image,x,y,w,h,width,height,score\na,0,0,-1,1,8,8,1\n", "standard input:2: a box of -1×1: columns w and h are not negative"},
	} {
		if _, err := readPredictions(context.Background(), "standard input", strings.NewReader(c.rows), 0, 0, 0); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.rows[:min(len(c.rows), 200)], err, c.want)
		}
	}
	within(t, &session{in: strings.NewReader(head + "a,1,1,8,8,2\n")}, "profile", "-").want(t, exitUsage, `padlab: standard input:2: column correct: "2", but 0, 1, true or false is allowed`)
	var groups strings.Builder
	groups.WriteString("image,x,y,width,height,correct,group\n")
	for i := range maxRowGroups + 1 {
		fmt.Fprintf(&groups, "a,1,1,8,8,1,%d\n", i)
	}
	within(t, &session{in: strings.NewReader(groups.String())}, "profile", "-").want(t, exitUsage, "standard input:258: more than 256 groups")
	taken := filepath.Join(t.TempDir(), "taken.svg")
	write(t, taken, "")
	const file = "testdata/predictions.csv"
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "profile takes a CSV file of predictions"},
		{[]string{"a", "b"}, "profile takes a CSV file of predictions"},
		{[]string{"testdata"}, "testdata: a folder, not a CSV file"},
		{[]string{"gone.csv"}, "gone.csv: no such file"},
		{[]string{file, "--size", "64x64"}, file + ":1: columns that say the width or height: leave out --size"},
		{[]string{file, "--size", "64"}, "--size takes WxH"},
		{[]string{file, "--rings", "0"}, "--rings must be an integer from 1 to 1000"},
		{[]string{file, "--rings", "33"}, file + `:2: image "00.png" has 64×64 pixels, at 32 distances to the border: 33 rings are too many`},
		{[]string{file, "--ignore", "3"}, "--ignore is for label pictures"},
		{[]string{file, "--format", "xml"}, "unknown format"},
		{[]string{file, "--figure", "a.gif"}, "unknown format"},
		{[]string{file, "--figure", taken}, "--force writes over it"},
		{[]string{file, "--figure", filepath.Join(taken+"s", "x.svg")}, "x.svg: no such file"},
		{[]string{file, "--labels", "a", "--predictions", "b"}, "is one too many"},
		{[]string{"--labels", "a"}, "belong together"},
		{[]string{"--labels", "gone", "--predictions", "gone"}, "gone: no such file"},
		{[]string{"--labels", "testdata", "--predictions", "testdata"}, "testdata: 0 PNG pictures"},
		{[]string{"--labels", "a", "--predictions", "b", "--ignore", "256"}, "--ignore must be an integer from 0 to 255"},
		{[]string{"--labels", "a", "--predictions", "b", "--size", "8x8"}, "--size is for a CSV file"},
	} {
		padlab(t, append([]string{"profile"}, c.args...)...).want(t, exitUsage, c.want)
	}
}

// A column that is not read is named, as its name may be a slip.
func TestProfileUnread(t *testing.T) {
	o := within(t, &session{in: strings.NewReader("image,x,y,grup,correct,score\na,1,1,g,1,.3\n")}, "profile", "-", "--size", "8x8")
	o.want(t, exitOK, "padlab: standard input: columns that are not read: grup, score\n")
	if !strings.Contains(o.out, "Of one image there is no interval") {
		t.Error(o.out)
	}
}

// An interruption ends a profile that waits for its input, or reads it.
func TestProfileInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	waits := &waiting{make(chan struct{}), make(chan struct{})}
	go func() {
		<-waits.asked
		cancel()
	}()
	o := within(t, &session{ctx: ctx, in: waits}, "profile", "-")
	close(waits.ended)
	if o.code != exitInterrupted || o.out != "" {
		t.Errorf("ended with %d and\n%s%s", o.code, o.out, o.err)
	}
}

// waiting is an input that never comes.
type waiting struct{ asked, ended chan struct{} }

func (w *waiting) Read([]byte) (int, error) {
	close(w.asked)
	<-w.ended
	return 0, os.ErrClosed
}

// labelled writes a picture of labels, as indices of a palette or grey values.
func labelled(t *testing.T, path string, w, h int, grey bool, label func(x, y int) uint8) {
	t.Helper()
	var palette color.Palette
	for i := range 256 {
		palette = append(palette, color.RGBA{uint8(i), 7, uint8(255 - i), 255})
	}
	picture := image.Image(image.NewPaletted(image.Rect(0, 0, w, h), palette))
	if grey {
		picture = image.NewGray(picture.Bounds())
	}
	for y := range h {
		for x := range w {
			switch p := picture.(type) {
			case *image.Paletted:
				p.SetColorIndex(x, y, label(x, y))
			case *image.Gray:
				p.SetGray(x, y, color.Gray{Y: label(x, y)})
			}
		}
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, picture); err != nil {
		t.Fatal(err)
	}
}

// By hand: pictures of 4×4 pixels, 12 of them at the border, one of which is ignored.
// There 3 of 11 are answered with 1, which they are not: mIoU (8/11 + 0)/2. In the middle
// two of 0 and two of 5 are all right.
func TestProfileLabels(t *testing.T) {
	folder := t.TempDir()
	truth, said := filepath.Join(folder, "truth"), filepath.Join(folder, "said")
	for _, dir := range []string{truth, said} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	middle := func(x, y int) uint8 {
		if y == 2 && (x == 1 || x == 2) {
			return 5
		}
		return 0
	}
	for _, name := range []string{"a.png", "b.PNG"} {
		labelled(t, filepath.Join(truth, name), 4, 4, false, func(x, y int) uint8 {
			if x == 0 && y == 0 {
				return 255
			}
			return middle(x, y)
		})
		labelled(t, filepath.Join(said, name), 4, 4, true, func(x, y int) uint8 {
			if y == 3 && x > 0 {
				return 1
			}
			return middle(x, y)
		})
	}
	args := []string{"profile", "--labels", truth, "--predictions", said}
	o := padlab(t, append(args, "--ignore", "255", "--format", "json")...)
	var p report.Predictions
	if err := json.Unmarshal([]byte(o.out), &p); err != nil || o.code != 0 || o.err != "" {
		t.Fatalf("ended with %d, %v and\n%s%s", o.code, err, o.out, o.err)
	}
	if p.Rows != 30 || p.Images != 2 || len(p.Rings) != 2 || *p.Size != [2]int{4, 4} {
		t.Errorf("%+v", p)
	}
	for i, want := range [][4]float64{
		{(10./13 + 0 + 1) / 3, (8./11 + 0) / 2, 1, (8./11+0)/2 - 1}, // classes 0, 1 and 5
		{12. / 15, 8. / 11, 1, 8./11 - 1},
	} {
		c := p.Curves[i]
		for j, got := range []metric.Number{c.All.Value, c.Rings[0].Value, c.Rings[1].Value, c.Gap.Value} {
			if math.Abs(float64(got)-want[j]) > 1e-12 {
				t.Errorf("%s: %g, want %g", c.Metric, got, want[j])
			}
		}
	}
	padlab(t, args...).want(t, exitOK, "there are pixels of class 255, which often means no class: --ignore 255 leaves them out")
	padlab(t, append(args, "--ignore", "1")...).want(t, exitUsage, "a.png: pixel 1,3 is answered with 1, which is no class but the label that is ignored")
	padlab(t, append(args, "--rings", "3")...).want(t, exitUsage, "a.png: 4×4 pixels, at 2 distances to the border: 3 rings are too many")
	write(t, filepath.Join(said, "notes.txt"), "")
	padlab(t, append(args, "--ignore", "255")...).want(t, exitOK, "PNG pictures are read, and not what there is besides: 1 file")
	labelled(t, filepath.Join(said, "c.png"), 4, 4, true, middle)
	padlab(t, args...).want(t, exitUsage, truth+": no picture of the same name for c.png of "+said)
	labelled(t, filepath.Join(truth, "c.png"), 4, 5, true, middle)
	padlab(t, args...).want(t, exitUsage, "c.png: 4×4 pixels, but "+filepath.Join(truth, "c.png")+" has 4×5")
}

// The figure is written whole, and says what was read.
func TestProfileFigure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "profile.svg")
	padlab(t, "profile", "testdata/predictions.csv", "--figure", path).want(t, exitOK, "")
	svg := contentOf(t, "", path)
	for _, want := range []string{"800 rows in 20 images", ">circular<", ">4–7<", "pixels between a pixel and the border"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in the figure", want)
		}
	}
}

// FuzzRows reads anything: it is refused in one sentence with its line, or counted, every
// row once.
func FuzzRows(f *testing.F) {
	f.Add([]byte("image,x,y,width,height,correct\na,1,2,8,8,1\nb,3,3,9,9,0\n"), 0, 0)
	f.Add([]byte("image;x1;y1;x2;y2;score;group\r\n\"a\"\"\";1;2;3;4;-.5e3;g\r\n"), 3, 10)
	f.Add([]byte("\xef\xbb\xbfimage\tx\ty\tw\th\tscore\n1\t0\t0\t0\t0\t1\n"), 1, 1)
	f.Fuzz(func(t *testing.T, content []byte, rings, side int) {
		if rings < 0 || rings > maxRings || side < 0 || side > maxPixelSide {
			return
		}
		p, err := readPredictions(context.Background(), "FILE", strings.NewReader(string(content)), rings, side, side)
		if err != nil {
			if text := err.Error(); !strings.HasPrefix(text, "FILE:") {
				t.Errorf("%q", text)
			}
			return
		}
		found, err := p.report(context.Background(), "FILE")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, c := range found.Curves {
			in := 0
			for _, v := range c.Rings {
				in += v.N
				if v.N > 0 != v.Value.Finite() || v.Low > v.Value || v.High < v.Value || v.Images > v.N || c.Metric == "accuracy" && (v.Value < 0 || v.Value > 1) {
					t.Errorf("%+v", v)
				}
			}
			if in != c.All.N {
				t.Errorf("%d rows in rings, of %d", in, c.All.N)
			}
			n += in
		}
		if lines := strings.Count(string(content), "\n"); n != p.rows || n > lines {
			t.Errorf("%d rows counted, %d read, of %d lines", n, p.rows, lines)
		}
		if _, err := json.Marshal(found); err != nil || found.String() == "" {
			t.Error(err)
		}
	})
}

// A million rows of 10,000 images; see the README for what that takes.
func BenchmarkRows(b *testing.B) {
	s := rng.New(1, "rows")
	var text strings.Builder
	text.WriteString("image,x,y,width,height,correct,group\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&text, "img%05d.png,%d,%d,640,480,%d,%s\n", i/200*2%10000, s.IntN(640), s.IntN(480), s.IntN(2), []string{"zeros", "circular"}[i%2])
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		p, err := readPredictions(context.Background(), "rows", strings.NewReader(text.String()), 0, 0, 0)
		if err != nil || p.rows != 1_000_000 {
			b.Fatal(p, err)
		}
		if _, err := p.report(context.Background(), "rows"); err != nil {
			b.Fatal(err)
		}
	}
}
