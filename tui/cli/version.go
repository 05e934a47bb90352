package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionCommand is padlab version.
func (s *session) versionCommand() *cobra.Command {
	all := false
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the commit that it is built from",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(s, versionLine())
			if all {
				fmt.Fprintf(s, "\n%s", licences)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&all, "licences", false, "and the licences of all that is linked into the program")
	return c
}

// showVersion makes padlab --version print the same.
func (s *session) showVersion(root *cobra.Command) {
	root.Version = version()
	root.SetVersionTemplate(versionLine())
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = "print the version"
}

// versionLine is what padlab version prints.
func versionLine() string {
	built := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		built = commit(info)
	}
	return fmt.Sprintf("padlab %s%s, %s, %s/%s\n", version(), built, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// commit says of what a program was built, in brackets: nothing where the go
// command did not record it, as for go run, and for what it fetched by itself.
func commit(info *debug.BuildInfo) string {
	revision, modified := "", ""
	for _, x := range info.Settings {
		switch {
		case x.Key == "vcs.revision":
			revision = x.Value
		case x.Key == "vcs.modified" && x.Value == "true":
			modified = ", modified"
		}
	}
	if revision == "" {
		return ""
	}
	return fmt.Sprintf(" (commit %.12s%s)", revision, modified)
}

// version is what the go command recorded: the tag, or for a build between
// tags v0.0.0-TIME-REVISION, with +dirty after local changes. It records
// nothing for go run and without version control.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
