//go:build !unix

package metrics

import "github.com/leatproject/leat/runtime/rpc"

func measureSystem(*rpc.ProcessMetrics) {}

// ResidentMemory is the memory of a process in bytes; it is not known here.
func ResidentMemory(int) int64 { return 0 }
