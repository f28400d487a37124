// Package graphdata reads the graphs that the graph examples work on: edges as lines "FROM TO", vertices as lines "ID", with a
// small graph for those who have none.
package graphdata
