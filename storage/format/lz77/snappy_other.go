//go:build !amd64

package lz77

const window, most = 1, 1

func snappyQuickly(_, _ []byte, d, s int) (int, int) { return d, s }
