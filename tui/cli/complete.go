package cli

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/arch/catalog"
	"padlab/core/experiment"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/record"
	"padlab/datasets"
	"padlab/presets"
	"padlab/tui/config"
	"padlab/tui/figure"
)

// complete tells shells what may stand where, in all commands and flags.
func (s *session) complete(root *cobra.Command) {
	experiments := first(s.experiments)
	for path, f := range map[string]cobra.CompletionFunc{
		"":                experiments,
		"run":             experiments,
		"sweep":           experiments,
		"sweep merge":     folders,
		"show":            first(folders),
		"export":          first(folders),
		"compare":         folders,
		"presets show":    first(lazily(choices, s.presetNames)),
		"presets check":   first(files("toml")),
		"datasets show":   first(s.shownSets),
		"datasets fetch":  first(choices(fetchable()...)),
		"datasets import": named,
		"schemes show":    first(choices(schemeNames()...)),
		"inspect":         first(choices(networkNames()...)),
		"lint":            first(choices(networkNames()...)),
		"onnx":            first(files("onnx")),
		"profile":         first(files("csv")),
		"help":            helped,
		"help fields":     first(choices(append(groups(), fieldKeys("")...)...)),
		"completion":      first(choices("bash", "zsh", "fish", "powershell")),
		"config set":      s.settings,
	} {
		at(root, path).ValidArgsFunction = f
	}
	for path, flags := range map[string]map[string]cobra.CompletionFunc{
		"":    s.changeable(nil),
		"run": s.changeable(map[string]cobra.CompletionFunc{"format": choices(formats...), "out": folders}),
		"sweep": s.changeable(map[string]cobra.CompletionFunc{"format": choices(sweepFormats...), "out": folders, "vary": s.fieldValues,
			"jobs": nothingMore, "shard": nothingMore, "tasks": nothingMore}),
		"sweep merge":  {"format": choices(sweepFormats...)},
		"show":         {"format": choices(formats...)},
		"compare":      {"format": choices("text", "json", "csv")},
		"export":       {"where": nothingMore, "figure": files(figure.Formats()...), "csv": files(figure.CSV), "what": choices(figure.Kinds()...), "arm": armsOf},
		"schemes show": {"format": choices("text", "json"), "size": nothingMore, "pad": nothingMore},
		"inspect":      inspectable(map[string]cobra.CompletionFunc{"format": choices("text", "json")}),
		"lint":         inspectable(map[string]cobra.CompletionFunc{"format": choices("text", "json", "sarif"), "config": files("toml"), "off": several(ruleNames()...)}),
		"serve": {"listen": nothingMore, "authorized-keys": files(), "password-file": files(), "host-key": files(), "teacher-key": files(), "exercise": files("toml"), "presets": lazily(several, s.presetNames), "lock": several(fieldKeys("")...),
			"max-sessions": nothingMore, "per-address": nothingMore, "idle": nothingMore, "max-time": nothingMore, "max-runs": nothingMore, "max-steps": nothingMore, "max-memory": nothingMore},
		"onnx":            {"format": choices("text", "json"), "size": nothingMore},
		"profile":         {"format": choices(sweepFormats...), "rings": nothingMore, "size": nothingMore, "ignore": nothingMore, "labels": folders, "predictions": folders, "figure": files(figure.Formats()...)},
		"datasets import": {"size": nothingMore}, "datasets fetch": {"from": files(), "sha256": nothingMore},
		"bench": {"format": choices("text", "json", "jsonl"), "mode": choices("training", "inference"), "size": nothingMore, "net": several("S", "M", "L"), "padding": several(schemeNames()...)},
	} {
		for name, f := range flags {
			register(at(root, path), name, f)
		}
	}
	for name, f := range map[string]cobra.CompletionFunc{
		"data": folders, "kernel": choices(kernel.Names()...), "workers": nothingMore,
		"theme": choices("light", "dark", "auto"), "glyphs": choices("braille", "block", "ascii", "auto"), "color": choices("auto", "always", "never"),
	} {
		register(root, name, f)
	}
}

// at is the command of a path, which is there.
func at(root *cobra.Command, path string) *cobra.Command {
	c, rest, err := root.Find(strings.Fields(path))
	if err != nil || len(rest) > 0 {
		panic("cli: no command " + path)
	}
	return c
}

func register(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic("cli: " + err.Error())
	}
}

// first completes the first argument of a command, and nothing behind it.
func first(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(c, args, word)
	}
}

// named completes nothing for the first argument, which is a new name, and files
// behind it.
func named(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveDefault
}

// choices completes one of a few; what stands behind a tab explains it.
func choices(list ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return beginning(word, list), cobra.ShellCompDirectiveNoFileComp
	}
}

// several completes the last of several words with commas between them.
func several(known ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		return lastOf(word, known), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// lazily completes words of a list that takes a while: it is asked for them when somebody
// completes, not whenever the program starts.
func lazily(of func(...string) cobra.CompletionFunc, list func() []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		return of(list()...)(c, args, word)
	}
}

// lastOf is a list with each known word in place of its last, unless it has that
// already. Behind a comma nothing is explained: cobra's script for bash would
// compare the comma, which it quotes where there are explanations, with one that
// is not quoted.
func lastOf(word string, known []string) (found []string) {
	cut := strings.LastIndex(word, ",") + 1
	before := strings.Split(word[:cut], ",")
	for _, k := range known {
		name, _, _ := strings.Cut(k, "\t")
		switch {
		case slices.Contains(before, name):
		case cut > 0:
			found = append(found, word[:cut]+name)
		default:
			found = append(found, k)
		}
	}
	return beginning(word, found)
}

// beginning are those of a list that begin with a word.
func beginning(word string, list []string) (found []string) {
	for _, one := range list {
		if strings.HasPrefix(one, word) {
			found = append(found, one)
		}
	}
	return found
}

// nothingMore completes nothing: a number, or what nobody knows.
func nothingMore(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func folders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// files completes the names of files with one of these endings.
func files(endings ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}

// experiments completes presets, TOML files, and folders on the way to them.
func (s *session) experiments(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	found := beginning(word, s.presetNames())
	folder, begun := filepath.Split(word)
	entries, _ := os.ReadDir(filepath.Join(".", folder)) // none where there is no such folder
	if filepath.IsAbs(folder) {
		entries, _ = os.ReadDir(folder)
	}
	ways := 0
	for _, e := range entries {
		name := e.Name()
		info, err := os.Stat(filepath.Join(folder, name)) // a link may lead to a folder
		switch {
		case err != nil || !strings.HasPrefix(name, begun) || begun == "" && strings.HasPrefix(name, "."):
		case info.IsDir():
			found = append(found, folder+name+string(filepath.Separator))
			ways++
		case strings.HasSuffix(name, ".toml"):
			found = append(found, folder+name)
		}
	}
	if ways > 0 && ways == len(found) { // it goes on below
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// presetNames are the presets with their titles.
func (s *session) presetNames() (list []string) {
	for _, name := range presets.Names() {
		e, err := s.load(name)
		if err != nil {
			panic("cli: " + err.Error()) // they ship
		}
		list = append(list, name+"\t"+e.Title)
	}
	return list
}

// schemeNames are the schemes with what they do.
func schemeNames() (list []string) {
	for _, p := range pad.All() {
		list = append(list, p.Name+"\t"+p.About)
	}
	return list
}

// networkNames are the networks with what they are.
func networkNames() (list []string) {
	for _, name := range catalog.Names() {
		e, _ := catalog.Find(name)
		list = append(list, name+"\t"+e.About)
	}
	return list
}

// fieldKeys are the keys of all fields, with an end, and what they are about.
func fieldKeys(end string) (list []string) {
	for _, f := range experiment.Fields() {
		list = append(list, f.Key+end+"\t"+f.About)
	}
	return list
}

// setNames are the data sets that can be opened.
func (s *session) setNames() []string {
	list, _ := datasets.Names(s.sets()) // a folder that cannot be read is told when the command runs
	return list
}

// fetchable are the data sets that can be fetched, with their titles.
func fetchable() (list []string) {
	for _, f := range datasets.Fetchables() {
		list = append(list, f.Name+"\t"+f.Title)
	}
	return list
}

// shownSets completes the names of data sets, and of the photographs.
func (s *session) shownSets(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return beginning(word, append(s.setNames(), photosName+"\t"+photosTitle)), cobra.ShellCompDirectiveNoFileComp
}

// helped completes commands, one below the other, and topics.
func helped(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	of, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var list []string
	for _, one := range of.Commands() {
		if !one.Hidden {
			list = append(list, one.Name()+"\t"+one.Short)
		}
	}
	return beginning(word, list), cobra.ShellCompDirectiveNoFileComp
}

// changeable are the flags that change an experiment, and more.
func (s *session) changeable(more map[string]cobra.CompletionFunc) map[string]cobra.CompletionFunc {
	flags := map[string]cobra.CompletionFunc{
		"set": s.fieldValues, "seed": nothingMore, "seeds": nothingMore, "weights": files("safetensors"), "images": folders,
	}
	maps.Copy(flags, more)
	return flags
}

// inspectable are the flags of a network that is looked into, and more.
func inspectable(more map[string]cobra.CompletionFunc) map[string]cobra.CompletionFunc {
	flags := map[string]cobra.CompletionFunc{
		"size": nothingMore, "weights": files("safetensors"), "images": folders,
		"padding": choices(schemeNames()...), "extent": choices(pad.Extents()...), "pools": choices(string(catalog.OwnPools), string(catalog.SchemePools)),
	}
	maps.Copy(flags, more)
	return flags
}

// fieldValues completes KEY=, and behind that the values of the field: several make
// arms, or are the list.
func (s *session) fieldValues(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	key, text, begun := strings.Cut(word, "=")
	if !begun {
		return beginning(word, fieldKeys("=")), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	f, err := experiment.FieldOf(key)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	values := f.Options
	switch {
	case f.Key == "data.set":
		values = s.setNames()
	case f.Key == "net.arch":
		values = networkNames()
	case strings.HasSuffix(f.Key, ".padding") && f.Kind == experiment.Choice:
		values = schemeNames()
	case f.Kind == experiment.Bool:
		values = []string{"true", "false"}
	case len(values) == 0 && f.Default() != "":
		values = []string{f.Default() + "\t" + f.Allowed()}
	}
	var found []string
	for _, v := range lastOf(text, values) {
		found = append(found, key+"="+v)
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// armsOf completes the arms of the record that is the command's first argument.
func armsOf(_ *cobra.Command, args []string, word string) (list []string, _ cobra.ShellCompDirective) {
	if len(args) > 0 {
		if r, err := record.Open(args[0]); err == nil && r.Found() != nil {
			for _, a := range r.Found().Arms {
				list = append(list, a.Name)
			}
		}
	}
	return beginning(word, list), cobra.ShellCompDirectiveNoFileComp
}

// settings completes a setting of the machine, then its value.
func (s *session) settings(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	var list []string
	for _, x := range config.Settings() {
		switch {
		case len(args) == 0:
			list = append(list, x.Key+"\t"+x.About)
		case len(args) == 1 && args[0] == "preset":
			return s.experiments(c, nil, word)
		case len(args) == 1 && args[0] == x.Key:
			list = x.Options
		}
	}
	return beginning(word, list), cobra.ShellCompDirectiveNoFileComp
}
