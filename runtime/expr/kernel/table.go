package kernel

import "maps"

// entry is a row of the tables: how a function chooses its kernel, and whether that looks at NULL itself. A nil kernel means that
// there is none for these arguments.
type entry struct {
	nulls bool
	of    func(s *site) (kernel, error)
}

// always is the same kernel for all arguments.
func always(k kernel) func(*site) (kernel, error) {
	return func(*site) (kernel, error) { return k, nil }
}

// byRow is an entry of a function of one row.
func byRow(fn func(f *frame) error) entry { return entry{of: always(rows(fn))} }

// withNulls is an entry of a function of one row that looks at NULL itself.
func withNulls(fn func(f *frame) error) entry { return entry{nulls: true, of: always(rows(fn))} }

// kernels are all functions by name; those that choose among their arguments are in specials.
var kernels = map[string]entry{}

func init() {
	for _, t := range []map[string]entry{
		logicKernels, compareKernels, arithmeticKernels, mathKernels, textKernels, searchKernels, patternKernels, temporalKernels,
		formatKernels, digestKernels, urlKernels, jsonKernels, jsonMakeKernels,
		nestedKernels, collectionKernels, mapKernels, textListKernels, variantKernels,
	} {
		maps.Copy(kernels, t)
	}
}

// Has says whether a function is vectorised for some of its arguments.
func Has(name string) bool { return specials[name] != nil || kernels[name].of != nil }
