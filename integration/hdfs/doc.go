// Package hdfs tests storage/filesystem/hdfs against a real HDFS. It runs when LEAT_TEST_HDFS names one and is skipped
// otherwise. The tests that kill and restart daemons also need LEAT_HADOOP_DIR. scripts/hadoop/up.sh sets both:
//
//	eval "$(scripts/hadoop/up.sh --datanodes 3)"
//	go test ./integration/hdfs/
//	scripts/hadoop/down.sh
//
// Those of a Router need LEAT_TEST_ROUTER, which up.sh sets with --router yes.
package hdfs
