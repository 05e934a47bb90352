package cli

import _ "embed"

// licences are those of all that is linked into the program, each text once, with
// the modules that it is of. TestLicences -update makes the file.
//
//go:embed licences.txt
var licences string
