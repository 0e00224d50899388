"""All routes. Names of people and aesthetics come last; `accounts.names` reserves the others."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from hub import health, views

hub_routes = (
    [
        path("about", views.about, name="about"),
        path("problems/<str:problem_type>", views.problem, name="problem"),
        path("health/live", health.live, name="live"),
        path("health/ready", health.ready, name="ready"),
        path(
            "api/docs",
            SpectacularSwaggerSplitView.as_view(
                url_name="api:openapi", template_name="hub/docs.html"
            ),
            name="docs",
        ),
        path("favicon.ico", views.favicon, name="favicon"),
    ],
    "hub",
)

# The admin's own login form would let passwords be guessed as fast as they can be sent.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("hub.api", namespace="api")),
    path("", include(hub_routes)),
    path("", include("registry.api.client_urls")),
    path("", include("generation.urls")),
    path("", include("registry.urls")),
    path("<path:address>/", views.without_slash, name="without_slash"),
]
