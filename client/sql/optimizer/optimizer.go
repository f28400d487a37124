package optimizer

import "github.com/leatproject/leat/client/sql/plan"

// Optimize gives a plan of the same rows and columns without Subquery and Outer, where a Correlate has an Unnest at the right. It fails
// where a sub-query cannot be made a join, and says what to write instead. Without statistics, nil, all tables count as equally large.
func Optimize(n plan.Node, s Statistics) (plan.Node, error) {
	n, err := removeSubqueries(n)
	if err != nil {
		return nil, err
	}
	n = mergeProjects(n)
	n = pushFilters(n)
	n = mergeProjects(n)
	n = orderJoins(n, s)
	n = mergeProjects(n)
	n = pruneColumns(n)
	n = mergeProjects(n)
	n = pushLimits(n)
	n = recognizeTopN(n)
	n = narrowRows(n)
	return shareCommon(n), nil
}
