// Package hugepage asks the kernel for large pages where memory is read and written here and there: tables and columns of state. With
// pages of 4 KiB nearly each such access misses the processor's cache of addresses as well, and costs a walk through the tables of
// pages: a third of the time of an update in a state of 1 GB, measured.
//
// Most distributions give large pages only to those that ask (/sys/kernel/mm/transparent_hugepage/enabled is "madvise"). To ask is no
// more than a hint: where there are none, all works as before. Memory stays the garbage collector's.
package hugepage
