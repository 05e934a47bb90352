package catalog

// Pools says what stands beside the map when a padded pool looks over its edge.
type Pools string

const (
	OwnPools    Pools = "own"    // nothing, as the networks were published: a maximum sees what lies in the map
	SchemePools Pools = "scheme" // what the padding scheme puts beside it for a convolution
)
