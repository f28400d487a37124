package column

import "unsafe"

// void is the coder of types without size, such as struct{}.
type void struct{}

func (void) width() int                                           { return 0 }
func (void) encode(*encoder, cells)                               {}
func (void) decode(*decoder, cells) error                         { return nil }
func (void) appendRow(dst []byte, _ unsafe.Pointer) []byte        { return dst }
func (void) readRow(src []byte, _ unsafe.Pointer) ([]byte, error) { return src, nil }
func (void) detach(unsafe.Pointer)                                {}
func (void) extra(unsafe.Pointer, uintptr, int) int               { return 0 }
