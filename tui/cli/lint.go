package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"padlab/core/arch/catalog"
	"padlab/core/experiment"
	"padlab/core/lint"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/tui/report"
)

type lintFlags struct {
	inspectFlags
	config string
	off    []string
	most   map[string]*string // by the name of a rule; empty: not given
}

// lintCommand is padlab lint and its flags.
func (s *session) lintCommand() *cobra.Command {
	f := lintFlags{inspectFlags: newInspectFlags(), most: map[string]*string{}}
	c := &cobra.Command{
		Use:   "lint FILE.onnx|ARCH",
		Short: "Judge a network: where its border comes in, whether it can be blind, what mends it",
		Long: `Lint asks a network a question for each of its rules, answers it by a number and
a sentence, and says what would mend it, having tried that: the mended network is
judged by the same rule. Where more is found than a rule allows, the exit code is
3. Rules that allow anything are told, and break only with a limit:

` + report.LintHelp() + `
Limits come from --max-RULE, or from a file:

  off = ["foveation"]
  [max]
  position = 0.3
  uneven-stride = 2`,
		Example: "  padlab lint resnet50\n  padlab lint mine.onnx --max-told-apart 0 --format sarif\n  padlab lint mine.onnx --images DIR --config padlab-lint.toml",
		Args:    one("an ONNX file, or the name of a network: " + strings.Join(catalog.Names(), ", ")),
		RunE: func(c *cobra.Command, args []string) error {
			if err := paths(c, "weights", "images", "config"); err != nil {
				return err
			}
			return s.lint(args[0], f)
		},
	}
	flags := c.Flags()
	f.add(flags)
	flags.StringVar(&f.images, "images", "", "`DIR` with photographs (JPEG, PNG) to show to the network; left out: none are")
	flags.StringVar(&f.weights, "weights", "", "`FILE` of trained weights (safetensors), for when pictures are shown")
	flags.StringSliceVar(&f.off, "off", nil, "`RULES` that are not asked, with commas between them")
	flags.StringVar(&f.config, "config", "", "`FILE` with rules that are off and limits of others (TOML)")
	flags.StringVar(&f.format, "format", f.format, "`FORMAT` of the output: text, json or sarif (2.1.0)")
	for _, rule := range lint.Rules() {
		f.most[rule.ID] = flags.String("max-"+rule.ID, "", "`N`, the most that rule "+rule.ID+" allows")
		register(c, "max-"+rule.ID, nothingMore)
	}
	return c
}

func ruleNames() (list []string) {
	for _, r := range lint.Rules() {
		list = append(list, r.ID)
	}
	return list
}

// lint prints what a linter finds, and sets the exit code.
func (s *session) lint(name string, f lintFlags) error {
	if err := oneOf("format", f.format, "text", "json", "sarif"); err != nil {
		return err
	}
	if f.weights != "" && f.images == "" {
		return errors.New("--weights are for when pictures are shown: --images DIR")
	}
	policy, err := f.policy()
	if err != nil {
		return err
	}
	a, err := s.network(name)
	if err != nil {
		return err
	}
	spec, err := f.spec(a)
	if err != nil {
		return err
	}
	workers, err := s.crewSize()
	if err != nil {
		return err
	}
	k, err := s.kernel()
	if err != nil {
		return err
	}
	subject := lint.Subject{Spec: spec, Kernel: k}
	if f.images != "" {
		done, err := s.showPictures(&subject, f)
		if err != nil {
			return err
		}
		defer done()
	}
	subject.Crew = kernel.NewCrew(workers)
	defer subject.Crew.Close()
	judging := s.doing("judging %s", name)
	subject.Doing = func(what string) { judging.now(fmt.Sprintf("judging %s: %s", name, what)) }
	r, err := lint.Lint(s.ctx, subject, policy)
	judging.done()
	if lint.Failed(err) {
		err = failure{err}
	}
	if err != nil {
		return err
	}
	switch f.format {
	case "json":
		s.Write(jsonLine(report.LintedOf(r)))
	case "sarif":
		file := ""
		if experiment.IsGraph(name) {
			file = name
		}
		s.Write(jsonLine(report.SARIFOf(r, file, version())))
	default:
		fmt.Fprint(s, report.Lint(r))
	}
	if len(r.Broken()) > 0 {
		s.logf("%s: %s", name, report.Summary(r))
		s.code = exitUnexpected
	}
	return nil
}

// showPictures gives a subject photographs, and the weights with which it is shown them.
// Done closes what was opened.
func (s *session) showPictures(subject *lint.Subject, f lintFlags) (done func(), err error) {
	if subject.Photos, err = s.photographs(f.images); err != nil {
		return nil, err
	}
	a := subject.Spec.Arch
	if f.weights == "" {
		subject.Weigh = func(net *nn.Net) error { return weigh(subject.Spec, net) }
		subject.Random = a.Weigh == nil
		return func() {}, nil
	}
	w, err := s.openWeights(f.weights)
	if err != nil {
		return nil, err
	}
	if _, err := subject.Spec.Fit(w.File); err != nil {
		w.Close()
		return nil, fmt.Errorf("%s: %w", f.weights, err)
	}
	subject.Weigh = func(net *nn.Net) error {
		if err := a.Load(net, w.File); err != nil {
			return fmt.Errorf("%s: %w", f.weights, err)
		}
		return nil
	}
	return func() { w.Close() }, nil
}

// policy is what the file and the flags say, the flags going before it.
func (f lintFlags) policy() (p lint.Policy, err error) {
	p.Most = map[string]float64{}
	if f.config != "" {
		if p, err = readPolicy(f.config); err != nil {
			return p, err
		}
	}
	for _, rule := range lint.Rules() {
		text := *f.most[rule.ID]
		if text == "" {
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return p, fmt.Errorf("--max-%s takes a number: %q", rule.ID, text)
		}
		p.Most[rule.ID] = v
		p.Off = slices.DeleteFunc(p.Off, func(id string) bool { return id == rule.ID })
	}
	for _, id := range f.off {
		id = strings.TrimSpace(id)
		if _, err := lint.Find(id); err != nil {
			return p, fmt.Errorf("--off: %w", err)
		}
		if *f.most[id] == "" {
			delete(p.Most, id) // of the file
		}
		if !slices.Contains(p.Off, id) {
			p.Off = append(p.Off, id)
		}
	}
	return p, p.Check(f.images != "")
}

// maxPolicy bounds a file of limits, in bytes.
const maxPolicy = 16 << 10

// readPolicy reads a file of limits.
func readPolicy(path string) (p lint.Policy, err error) {
	info, err := os.Stat(path) // a pipe would keep us waiting when it is opened
	switch {
	case err != nil:
		return p, onFile(path, err)
	case !info.Mode().IsRegular():
		return p, fmt.Errorf("%s: not a regular file", path)
	}
	data, err := readShort(path, maxPolicy, "limits")
	if err != nil {
		return p, err
	}
	return parsePolicy(path, data)
}

// parsePolicy reads the text of such a file. Errors begin with its name, and with the
// line where that is known.
func parsePolicy(path string, data []byte) (p lint.Policy, err error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) // editors on Windows leave it there
	var text struct {
		Off []string           `toml:"off"`
		Max map[string]float64 `toml:"max"`
	}
	d := toml.NewDecoder(bytes.NewReader(data)).DisallowUnknownFields()
	err = d.Decode(&text)
	if unknown := (*toml.StrictMissingError)(nil); errors.As(err, &unknown) {
		row, _ := unknown.Errors[0].Position()
		return p, fmt.Errorf("%s:%d: unknown key %s: off and [max] are allowed", path, row, strings.Join(unknown.Errors[0].Key(), "."))
	}
	if err != nil {
		return p, experiment.TOMLError(path, err)
	}
	p = lint.Policy{Off: text.Off, Most: map[string]float64{}}
	maps.Copy(p.Most, text.Max)
	if err := p.Check(true); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}
