// Package optimizer rewrites the logical plan of a query: the same rows with less work. It takes what the binder gives and gives plans of
// the same nodes without sub-queries, from which the physical plan chooses algorithms.
//
// Every rule is a pure function from plan to plan in a file of its own; Optimize applies them in this order:
//
//	removeSubqueries    sub-queries and LATERAL become joins. What a sub-query compares with the row outside is taken out of it (pull.go);
//	                    where that cannot be done it is joined with the different values outside (domain.go)
//	pushFilters         conditions go down as far as they can, through joins, aggregations, unions and windows; constants and
//	                    equalities spread, outer joins whose missing rows are refused become inner
//	mergeProjects       a Project over a Project is one
//	orderJoins          inner and semi joins get an order that makes few rows in between, from what Statistics say (order.go, search.go)
//	pruneColumns        columns that nobody reads are not made; a Scan has only those that are read
//	pushLimits          limits go into UNION ALL and below outer joins
//	recognizeTopN       a Filter on the number of a row becomes a Rank
//	shareCommon         what gives the same rows becomes the same pointer, to be run once
//
// What is left of LATERAL is a Correlate with an Unnest at the right, which reads nothing but the row beside it.
//
// Start reading at optimizer.go, then subquery.go.
package optimizer
