# A cluster for many jobs with as many TaskManagers as its group counts:
#
#   nomad var put nomad/jobs/leat secret="$(head -c 32 /dev/urandom | base64)"
#   nomad job run -var artifact=https://repo.example.com/leat -var checksum=sha256:... scripts/nomad/session.nomad.hcl
#   nomad job scale leat taskmanager 5
#
# With -var jobmanagers=3 -var storage=hdfs:///leat/ha three JobManagers agree on what happens, and jobs go on when one is lost.
#
# Whoever submits programs needs the secret, in a file that cluster.secret-file names, and the address that nomad service info
# leat-rest shows. With leat nomad session the cluster asks for TaskManagers by itself instead.

variable "artifact" {
  type        = string
  description = "URL of the binary leat"
}

variable "checksum" {
  type        = string
  description = "sha256:... of it"
}

variable "driver" {
  type    = string
  default = "exec"
}

variable "user" {
  type        = number
  default     = 65534
  description = "uid that tasks run as, which the secret belongs to: nobody for exec, 0 for raw_exec"
}

variable "jobmanagers" {
  type        = number
  default     = 1
  description = "1, 3 or 5"
}

variable "storage" {
  type        = string
  default     = ""
  description = "folder that all nodes reach, which several JobManagers need: hdfs://... or a mount"
}

variable "taskmanagers" {
  type    = number
  default = 2
}

variable "slots" {
  type    = number
  default = 2
}

variable "memory" {
  type        = number
  default     = 1728
  description = "MB of a TaskManager"
}

variable "datacenters" {
  type    = list(string)
  default = ["*"]
}

job "leat" {
  datacenters = var.datacenters

  # No deployments, which would hold up nomad job scale.
  update {
    max_parallel = 0
  }

  group "jobmanager" {
    count = var.jobmanagers

    spread {
      attribute = "${node.unique.id}"
    }

    network {
      port "control" {}
      port "rest" {}
    }

    # What it keeps moves with it, where the node still answers.
    ephemeral_disk {
      migrate = true
      sticky  = true
    }

    service {
      name     = "leat-control"
      port     = "control"
      provider = "nomad"
    }

    service {
      name     = "leat-rest"
      port     = "rest"
      provider = "nomad"

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "jobmanager" {
      driver = var.driver

      config {
        command = "local/leat"
        args = [
          "nomad", "jobmanager",
          "-D", "jobmanager.replicas=${var.jobmanagers}",
          "-D", "high-availability.storageDir=${var.storage}",
        ]
      }

      meta {
        leat_cluster = "leat"
      }

      artifact {
        source      = var.artifact
        destination = "local/leat"
        mode        = "file"
        options {
          checksum = var.checksum
        }
      }

      template {
        data        = "{{ with nomadVar \"nomad/jobs/leat\" }}{{ .secret }}{{ end }}"
        destination = "secrets/leat-secret"
        perms       = "0600"
        uid         = var.user
        change_mode = "noop"
      }

      # Where the others are.
      template {
        data        = "{{ range nomadService \"leat-control\" }}{{ .Address }}:{{ .Port }}{{ \"\\n\" }}{{ end }}"
        destination = "local/masters"
        change_mode = "noop"
      }

      template {
        data        = "{{ range nomadService \"leat-rest\" }}{{ .Address }}:{{ .Port }}{{ \"\\n\" }}{{ end }}"
        destination = "local/rest"
        change_mode = "noop"
      }

      resources {
        cpu    = 500
        memory = 1024
      }
    }
  }

  group "taskmanager" {
    count = var.taskmanagers

    network {
      port "data" {}
    }

    # A TaskManager that has ended is a loss for the JobManager already: another is wanted at once.
    restart {
      attempts = 10
      delay    = "1s"
      interval = "10m"
      mode     = "delay"
    }

    task "taskmanager" {
      driver = var.driver

      config {
        command = "local/leat"
        args = ["nomad", "taskmanager"]
      }

      meta {
        leat_cluster = "leat"
        leat_slots   = var.slots
        leat_memory  = var.memory * 1048576
      }

      artifact {
        source      = var.artifact
        destination = "local/leat"
        mode        = "file"
        options {
          checksum = var.checksum
        }
      }

      template {
        data        = "{{ with nomadVar \"nomad/jobs/leat\" }}{{ .secret }}{{ end }}"
        destination = "secrets/leat-secret"
        perms       = "0600"
        uid         = var.user
        change_mode = "noop"
      }

      # Where JobManagers are now.
      template {
        data        = "{{ range nomadService \"leat-control\" }}{{ .Address }}:{{ .Port }}{{ \"\\n\" }}{{ end }}"
        destination = "local/masters"
        change_mode = "noop"
      }

      resources {
        cpu    = 1000 * var.slots
        memory = var.memory
      }
    }
  }
}
