//go:build tools

// Package nomad pins the Nomad that up.sh builds for tests: a module of its own, so that nothing of it is among what Leat needs.
package nomad

import _ "github.com/hashicorp/nomad"
