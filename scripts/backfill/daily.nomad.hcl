# Every night the days that are over and were not run yet, each as an application of its own:
#
#   nomad job run -var artifact=... -var checksum=sha256:... -var program=... -var program_checksum=sha256:... -var state=hdfs:///leat/backfill scripts/backfill/daily.nomad.hcl
#   nomad job periodic force daily
#
# With ACLs its workload identity needs rights:
# nomad acl policy apply -namespace default -job daily leat-daily scripts/nomad/policy.hcl

variable "artifact" {
  type        = string
  description = "URL of the binary leat"
}

variable "checksum" {
  type        = string
  description = "sha256:... of it"
}

variable "program" {
  type        = string
  description = "URL of the program"
}

variable "program_checksum" {
  type        = string
  description = "sha256:... of it"
}

variable "driver" {
  type    = string
  default = "exec"
}

variable "state" {
  type        = string
  description = "folder of the ledger, which all nodes reach: hdfs://... or a mount"
}

variable "parallelism" {
  type    = number
  default = 2
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

job "daily" {
  type        = "batch"
  datacenters = var.datacenters

  periodic {
    crons            = ["10 1,6 * * *"]
    time_zone        = "Europe/Berlin"
    prohibit_overlap = true
  }

  group "client" {
    # The next run looks again for what has failed.
    restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts = 0
    }

    # What nodes fetch, they fetch from this one's address.
    network {
      port "node" {}
    }

    task "leat" {
      driver       = var.driver
      kill_timeout = "30s"

      config {
        # Downloads are not executable.
        command = "/bin/sh"
        args = ["-c", <<-EOF
          install -D -m 755 -t $NOMAD_TASK_DIR/bin $NOMAD_TASK_DIR/leat $NOMAD_TASK_DIR/program &&
          exec $NOMAD_TASK_DIR/bin/leat backfill --name daily --state ${var.state} --last 3d --every 1d --tz Europe/Berlin --parallel 3 --catch-up -- \
            run -t nomad-application -p ${var.parallelism} -D nomad.driver=${var.driver} $NOMAD_TASK_DIR/bin/program --date {{date}}
          EOF
        ]
      }

      # It speaks to its node's agent as itself.
      identity {
        env = true
      }

      env {
        HOME = "${NOMAD_TASK_DIR}"
      }

      artifact {
        source      = var.artifact
        destination = "local/leat"
        mode        = "file"
        options {
          checksum = var.checksum
        }
      }

      artifact {
        source      = var.program
        destination = "local/program"
        mode        = "file"
        options {
          checksum = var.program_checksum
        }
      }

      resources {
        cpu    = 200
        memory = 256
      }
    }
  }
}
