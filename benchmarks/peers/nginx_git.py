"""Git's own ``git http-backend`` behind NGINX and fcgiwrap, as git-http-backend(1) describes it: nothing else."""

import os
import subprocess
from pathlib import Path

from support import processes
from support.ports import free_port, listens
from support.programs import need
from support.waiting import until

CONFIG = """\
user root;
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/fastcgi;
  proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      include /etc/nginx/fastcgi_params;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param GIT_HTTP_EXPORT_ALL "";
      fastcgi_param GIT_PROJECT_ROOT {folder}/git;
      fastcgi_param PATH_INFO $uri;
      fastcgi_param GIT_PROTOCOL $http_git_protocol;
      fastcgi_pass unix:{folder}/fcgi.sock;
    }}
  }}
}}
"""


def start(folder: Path) -> str:
    """Starts both in ``folder``, and answers the address that repositories are below. They end with the session."""
    folder.mkdir()
    (folder / "git").mkdir()
    port, exec_path = free_port(), subprocess.check_output(["git", "--exec-path"], text=True).strip()
    text = CONFIG.format(folder=folder, port=port, backend=f"{exec_path}/git-http-backend")
    (folder / "nginx.conf").write_text(text)
    for name in ("fcgiwrap", "nginx"):
        (folder / name).mkdir()
    socket = f"unix:{folder}/fcgi.sock"
    processes.launch(folder / "fcgiwrap", [need("fcgiwrap", package="fcgiwrap"), "-s", socket])
    until((folder / "fcgi.sock").exists, what="fcgiwrap")
    processes.launch(folder / "nginx", [need("nginx", package="nginx-light"), "-c", str(folder / "nginx.conf")])
    until(lambda: listens(port), what=f"nginx, see {folder}/error.log")
    return f"http://127.0.0.1:{port}"


def create_repository(folder: Path, name: str) -> None:
    """An empty one that takes pushes."""
    path = folder / "git" / f"{name}.git"
    environment = os.environ | {"GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], env=environment, check=True)
    subprocess.run(["git", "-C", str(path), "config", "http.receivepack", "true"], env=environment, check=True)
